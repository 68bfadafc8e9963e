package cloudsim_test

import (
	"slices"
	"testing"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

func TestInject_SkipAndCount(t *testing.T) {
	w := cloudsim.New(cloudsim.Config{})
	w.Inject(cloudsim.Fault{Kind: cloudsim.Throttle, Skip: 2, Count: 3, Call: cloudsim.Call{Service: "ec2"}})
	remove := w.Inject(cloudsim.Fault{Kind: cloudsim.Slow})
	remove()
	var hits []bool
	for range 7 {
		hits = append(hits, len(w.Faults(cloudsim.Call{Service: "ec2"}, cloudsim.Request{})) > 0)
	}
	if want := []bool{false, false, true, true, true, false, false}; !slices.Equal(hits, want) {
		t.Errorf("hits: %v, want %v", hits, want)
	}
	if len(w.Faults(cloudsim.Call{Service: "rds"}, cloudsim.Request{})) > 0 {
		t.Error("a call of another service was hit")
	}
}

func TestInject_Probability(t *testing.T) {
	w := cloudsim.New(cloudsim.Config{})
	w.Inject(cloudsim.Fault{Kind: cloudsim.Throttle, Probability: 0.25})
	n := 0
	for range 1000 {
		n += len(w.Faults(cloudsim.Call{}, cloudsim.Request{}))
	}
	if n < 180 || n > 320 {
		t.Errorf("a fault of probability 0.25 hit %d of 1000 calls", n)
	}
}

// TestInject_ClassOfReads checks that a fault of lists does not hit reads by id, and the reverse.
func TestInject_ClassOfReads(t *testing.T) {
	w := cloudsim.New(cloudsim.Config{})
	w.Inject(cloudsim.Fault{Kind: cloudsim.Empty, Of: cloudsim.Lists})
	w.Inject(cloudsim.Fault{Kind: cloudsim.Throttle, Of: cloudsim.ByID})
	for reads, want := range map[cloudsim.Reads]cloudsim.FaultKind{cloudsim.Lists: cloudsim.Empty, cloudsim.ByID: cloudsim.Throttle} {
		got := w.Faults(cloudsim.Call{}, cloudsim.Request{Reads: reads})
		if len(got) != 1 || got[0].Kind != want {
			t.Errorf("%s: %v, want %s", reads, got, want)
		}
	}
	if got := w.Faults(cloudsim.Call{}, cloudsim.Request{}); len(got) != 0 {
		t.Errorf("a call that reads nothing: %v", got)
	}
}
