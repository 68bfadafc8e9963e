package operation

import (
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

func TestPauses(t *testing.T) {
	limits := OperationLimits{PollFirst: time.Second, PollMax: 3 * time.Second, RetryFirst: time.Second}
	for n, want := range []time.Duration{1000, 1000, 1500, 2250, 3000, 3000} {
		if got := limits.pollPause(n); got != want*time.Millisecond {
			t.Errorf("after %d polls: %v, want %v", n, got, want*time.Millisecond)
		}
	}
	if got := limits.pollPause(1 << 30); got != limits.PollMax {
		t.Errorf("after very many polls: %v", got)
	}
	for failures, want := range map[int]time.Duration{1: 1, 2: 2, 5: 16, 6: 30, 1000: 30} {
		if got := limits.retryPause(failures); got != want*time.Second {
			t.Errorf("after %d failures: %v, want %v", failures, got, want*time.Second)
		}
	}
}

func TestTimeFor(t *testing.T) {
	limits := OperationLimits{Machine: time.Minute, Database: time.Hour}
	targets := func(count int, kind cloud.Kind) []*Target {
		all := make([]*Target, count)
		for n := range all {
			all[n] = &Target{ScopeID: provider.ScopeID{Kind: kind}}
		}
		return all
	}
	for _, test := range []struct {
		targets []*Target
		want    time.Duration
	}{
		{targets(1, cloud.VirtualMachine), time.Minute},
		{targets(99, cloud.VirtualMachine), time.Minute},
		{targets(100, cloud.VirtualMachine), 2 * time.Minute},
		{append(targets(1, cloud.VirtualMachine), targets(1, cloud.Database)...), time.Hour},
	} {
		if got := limits.TimeFor(test.targets); got != test.want {
			t.Errorf("%d targets: %v, want %v", len(test.targets), got, test.want)
		}
	}
}
