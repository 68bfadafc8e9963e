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

func TestInject_Pattern(t *testing.T) {
	call := cloudsim.Call{Account: "a", Region: "r", Service: "s", Action: "List"}
	cases := map[string]struct {
		pattern cloudsim.Call
		want    bool
	}{
		"everything":     {cloudsim.Call{}, true},
		"all fields":     {call, true},
		"region":         {cloudsim.Call{Region: "r"}, true},
		"other account":  {cloudsim.Call{Account: "b", Region: "r"}, false},
		"other region":   {cloudsim.Call{Account: "a", Region: "q"}, false},
		"other service":  {cloudsim.Call{Service: "t"}, false},
		"other action":   {cloudsim.Call{Service: "s", Action: "Get"}, false},
		"one field of 4": {cloudsim.Call{Account: "a", Region: "r", Service: "s", Action: "Get"}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := cloudsim.New(cloudsim.Config{})
			w.Inject(cloudsim.Fault{Kind: cloudsim.Drop, Call: c.pattern})
			if got := w.Faults(call, cloudsim.Request{}).Has(cloudsim.Drop); got != c.want {
				t.Errorf("hit: %v, want %v", got, c.want)
			}
		})
	}
}

// TestInject_RemovesOneOfTwo checks that the function that Inject returns removes its own fault
// only.
func TestInject_RemovesOneOfTwo(t *testing.T) {
	w := cloudsim.New(cloudsim.Config{})
	remove := w.Inject(cloudsim.Fault{Kind: cloudsim.Slow})
	w.Inject(cloudsim.Fault{Kind: cloudsim.Slow, Code: "second"})
	remove()
	remove()
	if got := w.Faults(cloudsim.Call{}, cloudsim.Request{}); len(got) != 1 || got[0].Code != "second" {
		t.Errorf("faults %v, want the second", got)
	}
	w.ClearFaults()
	if got := w.Faults(cloudsim.Call{}, cloudsim.Request{}); len(got) != 0 {
		t.Errorf("faults %v after ClearFaults", got)
	}
}

func TestFaults_FailMidwaySparesFirstPage(t *testing.T) {
	w := cloudsim.New(cloudsim.Config{})
	w.Inject(cloudsim.Fault{Kind: cloudsim.FailMidway, Count: 1})
	for i, want := range []bool{false, true, false} {
		if got := w.Faults(cloudsim.Call{}, cloudsim.Request{LaterPage: i > 0}).Has(cloudsim.FailMidway); got != want {
			t.Errorf("request %d: hit %v, want %v", i, got, want)
		}
	}
}

// TestUnreachable checks that a zone fault does not hit calls, and counts its own hits.
func TestUnreachable(t *testing.T) {
	w := cloudsim.New(cloudsim.Config{})
	w.Inject(cloudsim.Fault{Kind: cloudsim.ZoneUnreachable, Count: 1, Call: cloudsim.Call{Region: "zone-a"}})
	w.Inject(cloudsim.Fault{Kind: cloudsim.Drop})
	if got := w.Faults(cloudsim.Call{Region: "zone-a"}, cloudsim.Request{}); len(got) != 1 || got[0].Kind != cloudsim.Drop {
		t.Errorf("faults %v, want the drop", got)
	}
	for i, step := range []struct {
		zone string
		want bool
	}{{"zone-b", false}, {"zone-a", true}, {"zone-a", false}} {
		if got := w.Unreachable(cloudsim.Call{Region: step.zone}); got != step.want {
			t.Errorf("request %d: %s unreachable: %v, want %v", i, step.zone, got, step.want)
		}
	}
}
