package sync

import (
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"pgregory.net/rapid"
)

// Intervals vary by up to a tenth.
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
		t.Error("the interval does not vary")
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
