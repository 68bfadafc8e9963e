package cloudsim_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// TestVersionTag lets much happen: each thing's tag counts its changes, never goes back, and is as high as the record of
// them is long; a thing that looks different has another number, or a state that followed by itself.
func TestVersionTag(t *testing.T) {
	clock := newClock()
	w := cloudsim.New(cloudsim.Config{
		Now: clock.Now, VersionTag: "v", Instances: 5, Databases: 5, Regions: []string{region}, TerminatedFor: time.Minute,
		Projects: []cloudsim.ProjectPlan{{ID: "my-project", Instances: 2, Databases: 4, Regions: []string{"europe-west1"}}},
	})
	seen := map[string]int{}
	looks := map[string]string{}
	check := func(id, tag, look string, versions []time.Time) {
		version, err := strconv.Atoi(tag)
		if err != nil || version != len(versions) || version < seen[id] {
			t.Fatalf("%s: version %q after %d, recorded %v", id, tag, seen[id], versions)
		}
		if last := versions[version-1]; last.After(clock.Now()) {
			t.Fatalf("%s: changed at %v, later than now", id, last)
		}
		if before, known := looks[id]; known && version == seen[id] && before != look {
			t.Fatalf("%s changed from %s to %s, and is of version %d still", id, before, look, version)
		}
		seen[id], looks[id] = version, look
	}
	for range 400 {
		clock.Advance(time.Second)
		w.Churn(1)
		truth, _ := w.Truth(account)
		for _, m := range truth.Machines {
			check(m.ID, m.Tag("v"), m.Type+m.Tag("release")+m.Changed.String(), m.Versions)
		}
		for _, d := range truth.Databases {
			check(d.ResourceID, d.Tag("v"), d.Class+d.ReplicaOf+d.Changed.String(), d.Versions)
		}
		project, _ := w.ProjectTruth("my-project")
		for _, m := range project.VMs {
			check(strconv.FormatUint(m.ID, 10), m.Label("v"), m.Type+m.Label("release")+m.Changed.String(), m.Versions)
		}
		for _, d := range project.Databases {
			check(d.Name+d.Created.String(), d.Label("v"), d.Tier+d.ReplicaOf+strconv.FormatBool(d.Active), d.Versions)
		}
	}
	most := 0
	for _, version := range seen {
		most = max(most, version)
	}
	if most < 3 {
		t.Errorf("nothing changed more than %d times", most)
	}
}

// TestFaultsOfSomeReads: a fault of lists spares what is asked for by id, and the other way round.
func TestFaultsOfSomeReads(t *testing.T) {
	w := cloudsim.New(cloudsim.Config{})
	w.Inject(cloudsim.Fault{Kind: cloudsim.Empty, Of: cloudsim.Lists})
	w.Inject(cloudsim.Fault{Kind: cloudsim.Throttle, Of: cloudsim.ByID})
	for reads, want := range map[cloudsim.Reads]cloudsim.FaultKind{cloudsim.Lists: cloudsim.Empty, cloudsim.ByID: cloudsim.Throttle} {
		got := w.Faults(cloudsim.Call{}, cloudsim.Request{Reads: reads})
		if len(got) != 1 || got[0].Kind != want {
			t.Errorf("%s: %v", reads, got)
		}
	}
	if got := w.Faults(cloudsim.Call{}, cloudsim.Request{}); len(got) != 0 {
		t.Errorf("a call that reads nothing: %v", got)
	}
}
