package sync

import (
	"slices"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"pgregory.net/rapid"
)

// What the roll has and the plan lacks goes stale: aloud when it was switched
// off and still holds instances, else quietly, and only once.
func TestWithoutPlan(t *testing.T) {
	t.Parallel()
	planned := []provider.PlannedScope{{ScopeID: provider.ScopeID{Kind: cloud.VirtualMachine, Location: "a"}}, {ScopeID: provider.ScopeID{Kind: cloud.Database, Location: "a"}}, {ScopeID: provider.ScopeID{Kind: cloud.VirtualMachine, Location: "e-b"}}}
	held := []HeldScope{
		{ScopeID: provider.ScopeID{Kind: cloud.VirtualMachine, Location: "a"}, Instances: 3, Observed: true},
		{ScopeID: provider.ScopeID{Kind: cloud.VirtualMachine, Location: "b"}, Instances: 3, Observed: true},
		{ScopeID: provider.ScopeID{Kind: cloud.Database, Location: "b"}, Observed: true},
		{ScopeID: provider.ScopeID{Kind: cloud.Database, Location: "c"}, Observed: true, LastError: lostFailure("c", false).Message},
		{ScopeID: provider.ScopeID{Kind: cloud.Database, Location: "d"}, Observed: true, LastError: lostFailure("d", true).Message},
		{ScopeID: provider.ScopeID{Kind: cloud.VirtualMachine, Location: "e"}, LastError: "there is no region e"}, // and now there is
	}
	for _, test := range []struct {
		wanted       []string
		loud, silent []string
	}{
		{nil, []string{"VIRTUAL_MACHINE b"}, []string{"DATABASE b", "DATABASE d"}},
		{[]string{"a"}, nil, []string{"VIRTUAL_MACHINE b", "DATABASE b", "DATABASE c"}},
	} {
		loud, silent := withoutPlan(provider.Account{Regions: test.wanted}, planned, held)
		if got := names(loud); !slices.Equal(got, test.loud) {
			t.Errorf("wanted %v: aloud %v, want %v", test.wanted, got, test.loud)
		}
		if got := names(silent); !slices.Equal(got, test.silent) {
			t.Errorf("wanted %v: quietly %v, want %v", test.wanted, got, test.silent)
		}
		for _, scope := range append(loud, silent...) {
			if scope.Failure == nil || scope.Failure.Reason != fault.ReasonAPIDisabled {
				t.Errorf("%v fails with %v", scope.ScopeID, scope.Failure)
			}
		}
	}
}

func names(scopes []provider.PlannedScope) []string {
	var all []string
	for _, scope := range scopes {
		all = append(all, string(scope.Kind)+" "+scope.Location)
	}
	return all
}

// Intervals vary by a tenth at the most, and do vary.
func TestJittered(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		interval := time.Duration(rapid.Int64Range(int64(5*time.Second), int64(7*24*time.Hour)).Draw(t, "interval"))
		got := discovery.Jittered(interval, rapid.Float64Range(0, 1).Draw(t, "random"))
		if got < interval*9/10-1 || got > interval*11/10+1 {
			t.Fatalf("%s became %s", interval, got)
		}
	})
	if discovery.Jittered(time.Hour, 0) >= discovery.Jittered(time.Hour, 1) {
		t.Error("there is no jitter")
	}
}

func TestNext(t *testing.T) {
	t.Parallel()
	s := &Syncer{Interval: time.Hour, Limits: DefaultLimits()}
	ours := Outcome{State: RunFailed, Failure: provider.OwnFault("do its share", nil), OwnFault: true}
	for _, test := range []struct {
		account provider.Account
		outcome Outcome
		want    time.Duration
	}{
		{provider.Account{}, Outcome{State: RunSucceeded}, time.Hour},
		{provider.Account{SyncInterval: time.Minute}, Outcome{State: RunSucceeded}, time.Minute},
		{provider.Account{}, ours, s.Limits.RetrySoon},
		{provider.Account{SyncInterval: 5 * time.Second}, ours, 5 * time.Second},
	} {
		if got := s.next(test.account, test.outcome); got < test.want*9/10 || got > test.want*11/10 {
			t.Errorf("%+v is due after %s, want about %s", test.account, got, test.want)
		}
	}
}
