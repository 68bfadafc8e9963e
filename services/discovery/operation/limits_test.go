package operation

import (
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

func TestPauses(t *testing.T) {
	limits := Limits{PollFirst: time.Second, PollMax: 3 * time.Second, RetryFirst: time.Second}
	for n, milliseconds := range []int{1000, 1000, 1500, 2250, 3000, 3000} {
		want := time.Duration(milliseconds) * time.Millisecond
		if got := limits.pollPause(n); got != want {
			t.Errorf("after %d polls: %v, want %v", n, got, want)
		}
	}
	if got := limits.pollPause(1 << 30); got != limits.PollMax {
		t.Errorf("after very many polls: %v", got)
	}
	for failures, seconds := range map[int]int{1: 1, 2: 2, 5: 16, 6: 30, 1000: 30} {
		want := time.Duration(seconds) * time.Second
		if got := limits.retryPause(failures); got != want {
			t.Errorf("after %d failures: %v, want %v", failures, got, want)
		}
	}
}

func TestTimeFor(t *testing.T) {
	limits := Limits{Machine: time.Minute, Database: time.Hour}
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
