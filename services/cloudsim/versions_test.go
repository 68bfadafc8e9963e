package cloudsim_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	"github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
)

// TestVersionTag churns and observes every resource: its tag counts its changes, never decreases,
// and equals the number of recorded versions. A resource that looks different has another version,
// or a state that changed by the clock.
func TestVersionTag(t *testing.T) {
	clock := newClock()
	world := cloudsim.New(cloudsim.Config{Now: clock.Now, VersionTag: "v", Clouds: cloudsim.Clouds{
		aws.Config{Instances: 5, Databases: 5, Regions: []string{"us-east-1"}, TerminatedFor: time.Minute},
		gcp.Config{Projects: []gcp.ProjectPlan{{ID: "my-project", Instances: 2, Databases: 4, Regions: []string{"europe-west1"}}}},
	}})
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
		world.Churn(1)
		truth, _ := aws.In(world).Truth("100000000001")
		for _, m := range truth.Instances {
			check(m.ID, m.Tag("v"), m.Type+m.Tag("release")+m.Changed.String(), m.Versions)
		}
		for _, d := range truth.Databases {
			check(d.ResourceID, d.Tag("v"), d.Class+d.ReplicaOf+d.Changed.String(), d.Versions)
		}
		project, _ := gcp.In(world).Truth("my-project")
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
