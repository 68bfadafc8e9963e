package cloudsim_test

import (
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// admitted makes n calls and returns how many were admitted.
func admitted(l *cloudsim.Limiter, n int, call cloudsim.Call, class string, bucket cloudsim.Bucket) int {
	ok := 0
	for range n {
		if l.Admit(call, class, bucket) {
			ok++
		}
	}
	return ok
}

func TestLimiter_RefillsUpToSize(t *testing.T) {
	clock := newClock()
	limiter := cloudsim.NewLimiter(clock.Now)
	call, bucket := cloudsim.Call{Action: "List"}, cloudsim.Bucket{Size: 10, Refill: 4}
	steps := []struct {
		after time.Duration
		want  int
	}{
		{0, 10}, {0, 0}, {249 * time.Millisecond, 0}, {time.Millisecond, 1}, {1500 * time.Millisecond, 6}, {time.Hour, 10},
		{-time.Minute, 0}, // a clock that goes back adds no tokens
	}
	for _, step := range steps {
		clock.Advance(step.after)
		if got := admitted(limiter, 20, call, "read", bucket); got != step.want {
			t.Errorf("%d of 20 calls were admitted %v later, want %d", got, step.after, step.want)
		}
	}
}

func TestLimiter_SeparateBuckets(t *testing.T) {
	limiter := cloudsim.NewLimiter(newClock().Now)
	bucket := cloudsim.Bucket{Size: 3, Refill: 1}
	first := cloudsim.Call{Account: "a", Region: "r", Service: "s", Action: "List"}
	if got := admitted(limiter, 5, first, "read", bucket); got != 3 {
		t.Fatalf("%d calls were admitted, want 3", got)
	}
	for name, call := range map[string]cloudsim.Call{
		"account": {Account: "b", Region: "r", Service: "s", Action: "List"},
		"region":  {Account: "a", Region: "q", Service: "s", Action: "List"},
		"service": {Account: "a", Region: "r", Service: "t", Action: "List"},
		"action":  {Account: "a", Region: "r", Service: "s", Action: "Get"},
	} {
		if got := admitted(limiter, 5, call, "read", bucket); got != 3 {
			t.Errorf("another %s: %d calls were admitted, want 3", name, got)
		}
	}
	if got := admitted(limiter, 5, first, "write", bucket); got != 3 {
		t.Errorf("another class: %d calls were admitted, want 3", got)
	}
	limiter.Reset()
	if got := admitted(limiter, 5, first, "read", bucket); got != 3 {
		t.Errorf("after Reset: %d calls were admitted, want 3", got)
	}
}

func TestLimiter_ZeroSizeNeverRunsOut(t *testing.T) {
	limiter := cloudsim.NewLimiter(newClock().Now)
	if got := admitted(limiter, 1000, cloudsim.Call{}, "read", cloudsim.Bucket{}); got != 1000 {
		t.Errorf("%d of 1000 calls were admitted", got)
	}
}
