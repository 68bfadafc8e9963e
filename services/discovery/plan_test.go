package discovery

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// What the roll has and the plan lacks goes stale: aloud when it was switched
// off and still holds instances, else quietly, and only once.
func TestWithoutPlan(t *testing.T) {
	t.Parallel()
	planned := []PlannedScope{{ScopeID: ScopeID{VirtualMachine, "a"}}, {ScopeID: ScopeID{Database, "a"}}, {ScopeID: ScopeID{VirtualMachine, "e-b"}}}
	held := []HeldScope{
		{ScopeID: ScopeID{VirtualMachine, "a"}, Instances: 3, Observed: true},
		{ScopeID: ScopeID{VirtualMachine, "b"}, Instances: 3, Observed: true},
		{ScopeID: ScopeID{Database, "b"}, Observed: true},
		{ScopeID: ScopeID{Database, "c"}, Observed: true, LastError: lostFailure("c", false).Message},
		{ScopeID: ScopeID{Database, "d"}, Observed: true, LastError: lostFailure("d", true).Message},
		{ScopeID: ScopeID{VirtualMachine, "e"}, LastError: "there is no region e"}, // and now there is
	}
	for _, test := range []struct {
		wanted       []string
		loud, silent []string
	}{
		{nil, []string{"VIRTUAL_MACHINE b"}, []string{"DATABASE b", "DATABASE d"}},
		{[]string{"a"}, nil, []string{"VIRTUAL_MACHINE b", "DATABASE b", "DATABASE c"}},
	} {
		loud, silent := withoutPlan(Account{Regions: test.wanted}, planned, held)
		if got := names(loud); !slices.Equal(got, test.loud) {
			t.Errorf("wanted %v: aloud %v, want %v", test.wanted, got, test.loud)
		}
		if got := names(silent); !slices.Equal(got, test.silent) {
			t.Errorf("wanted %v: quietly %v, want %v", test.wanted, got, test.silent)
		}
		for _, scope := range append(loud, silent...) {
			if scope.Failure == nil || scope.Failure.Reason != APIDisabled {
				t.Errorf("%v fails with %v", scope.ScopeID, scope.Failure)
			}
		}
	}
}

func names(scopes []PlannedScope) []string {
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
		got := Jittered(interval, rapid.Float64Range(0, 1).Draw(t, "random"))
		if got < interval*9/10-1 || got > interval*11/10+1 {
			t.Fatalf("%s became %s", interval, got)
		}
	})
	if Jittered(time.Hour, 0) >= Jittered(time.Hour, 1) {
		t.Error("there is no jitter")
	}
}

func TestNext(t *testing.T) {
	t.Parallel()
	s := &Syncer{Interval: time.Hour, Limits: DefaultLimits()}
	ours := Outcome{State: RunFailed, Failure: ourFailure("do its share", nil)}
	for _, test := range []struct {
		account Account
		outcome Outcome
		want    time.Duration
	}{
		{Account{}, Outcome{State: RunSucceeded}, time.Hour},
		{Account{SyncInterval: time.Minute}, Outcome{State: RunSucceeded}, time.Minute},
		{Account{}, ours, s.Limits.RetrySoon},
		{Account{SyncInterval: 5 * time.Second}, ours, 5 * time.Second},
	} {
		if got := s.next(test.account, test.outcome); got < test.want*9/10 || got > test.want*11/10 {
			t.Errorf("%+v is due after %s, want about %s", test.account, got, test.want)
		}
	}
}

func TestFailureOf(t *testing.T) {
	t.Parallel()
	known := NewFailure(Throttled, "slow down", "wait", nil)
	if got := FailureOf(errors.Join(errors.New("while reading"), known)); got != known {
		t.Errorf("a known failure became %+v", got)
	}
	if got := FailureOf(context.DeadlineExceeded); got.Reason != Unreachable || got.Ours {
		t.Errorf("no more time became %+v", got)
	}
	secret := errors.New("password=hunter2")
	if got := FailureOf(secret); got.Reason != Internal || !got.Ours || strings.Contains(got.Message, "hunter2") || !errors.Is(got, secret) {
		t.Errorf("an unforeseen error became %+v", got)
	}
}

// Whatever a cloud says, it can be stored and sent.
func TestClip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOf(rapid.Byte()).Draw(t, "text")) + strings.Repeat("é", rapid.IntRange(0, 2000).Draw(t, "more"))
		got := fault.Clip(text)
		if !utf8.ValidString(got) || strings.ContainsRune(got, 0) || len(got) > fault.MaxText+len("…") {
			t.Fatalf("%q became %q", text, got)
		}
	})
}
