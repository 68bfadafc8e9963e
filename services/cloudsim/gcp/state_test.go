package gcp_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
)

const googleProject = "my-project"

// TestSameSeedSameProjects builds two worlds of one random configuration, lets the same things
// happen, and compares.
func TestSameSeedSameProjects(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := cloudsim.Config{Seed: rapid.Uint64().Draw(t, "seed"), Clouds: cloudsim.Clouds{gcp.Config{Projects: []gcp.ProjectPlan{
			{ID: googleProject, Instances: rapid.IntRange(0, 9).Draw(t, "instances"), Hostile: rapid.Bool().Draw(t, "hostile")},
			{ID: "other-project", Databases: rapid.IntRange(0, 12).Draw(t, "databases")},
		}}}}
		steps := rapid.SliceOfN(rapid.IntRange(0, 20), 0, 5).Draw(t, "steps")
		history := func() (events []cloudsim.Event, truth []gcp.Truth) {
			clock := newClock()
			cfg.Now = clock.Now
			world := cloudsim.New(cfg)
			w := gcp.In(world)
			for _, n := range steps {
				events = append(events, world.Churn(n)...)
				clock.Advance(7 * time.Second)
			}
			for _, id := range w.Projects() {
				one, err := w.Truth(id)
				if err != nil {
					t.Fatal(err)
				}
				truth = append(truth, one)
			}
			return events, truth
		}
		events1, truth1 := history()
		events2, truth2 := history()
		if !reflect.DeepEqual(events1, events2) || !reflect.DeepEqual(truth1, truth2) {
			t.Fatalf("the worlds differ:\n%v\n%v", events1, events2)
		}
		ids := map[uint64]bool{}
		for _, one := range truth1 {
			for _, m := range one.VMs {
				if ids[m.ID] {
					t.Fatalf("%d is there twice", m.ID)
				}
				ids[m.ID] = true
			}
		}
	})
}

// TestVMStatesFollowTheClock takes a VM through its life, looking only at what time it is.
func TestVMStatesFollowTheClock(t *testing.T) {
	clock := newClock()
	w := gcp.In(cloudsim.New(cloudsim.Config{Now: clock.Now, Transition: 10 * time.Second, Clouds: cloudsim.Clouds{gcp.Config{Projects: []gcp.ProjectPlan{{ID: googleProject}}}}}))
	const zone = "us-central1-a"
	made, err := w.CreateVMs(googleProject, zone, gcp.VMSpec{Name: "web"})
	if err != nil {
		t.Fatal(err)
	}
	want := func(states ...gcp.VMState) {
		t.Helper()
		for i, state := range states {
			if i > 0 {
				clock.Advance(5 * time.Second)
			}
			if m, err := w.VM(googleProject, zone, "web"); err != nil || m.State != state || m.ID != made[0].ID {
				t.Errorf("after %d steps: %s (%v), want %s", i, m.State, err, state)
			}
		}
	}
	do := func(_ gcp.VM, err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	want(gcp.VMProvisioning, gcp.VMStaging, gcp.VMRunning)
	do(w.StopVM(googleProject, zone, "web"))
	want(gcp.VMStopping, gcp.VMStopping, gcp.VMTerminated)
	do(w.StopVM(googleProject, zone, "web"))
	do(w.StartVM(googleProject, zone, "web"))
	want(gcp.VMProvisioning, gcp.VMStaging, gcp.VMRunning)
	do(w.SuspendVM(googleProject, zone, "web"))
	want(gcp.VMSuspending, gcp.VMSuspending, gcp.VMSuspended)
	if _, err := w.StartVM(googleProject, zone, "web"); !errors.Is(err, cloudsim.ErrWrongState) {
		t.Errorf("a suspended VM was started: %v", err)
	}
	do(w.DeleteVM(googleProject, zone, "web"))
	want(gcp.VMDeprovisioning, gcp.VMDeprovisioning)
	clock.Advance(5 * time.Second)
	if _, err := w.VM(googleProject, zone, "web"); !errors.Is(err, cloudsim.ErrNotFound) {
		t.Errorf("it is still there: %v", err)
	}
	again, err := w.CreateVMs(googleProject, zone, gcp.VMSpec{Name: "web"})
	if err != nil || again[0].ID == made[0].ID {
		t.Errorf("%v, %v", again, err)
	}
	if _, err := w.CreateVMs(googleProject, zone, gcp.VMSpec{Name: "web"}); !errors.Is(err, cloudsim.ErrInvalid) {
		t.Errorf("a taken name was given again: %v", err)
	}
}

// TestWrongProjects: a configuration that makes no sense is refused.
func TestWrongProjects(t *testing.T) {
	for _, plans := range [][]gcp.ProjectPlan{
		{{ID: "Wrong"}}, {{ID: googleProject}, {ID: googleProject}}, {{ID: googleProject, Regions: []string{"mars-1"}}},
	} {
		if err := (gcp.Config{Projects: plans}).Check(); err == nil {
			t.Errorf("%v was accepted", plans)
		}
	}
	w := gcp.In(cloudsim.New(cloudsim.Config{Clouds: cloudsim.Clouds{gcp.Config{}}}))
	if _, err := w.Truth("nowhere"); !errors.Is(err, gcp.ErrNoProject) {
		t.Errorf("got %v", err)
	}
}

// TestOperationsAreForgotten: the latest thousand can be asked for, the ones before can't.
func TestOperationsAreForgotten(t *testing.T) {
	w := gcp.In(cloudsim.New(cloudsim.Config{Clouds: cloudsim.Clouds{gcp.Config{Projects: []gcp.ProjectPlan{{ID: googleProject}}}}}))
	var names []string
	for range 1001 {
		op, err := w.BeginOperation(googleProject, gcp.Operation{Kind: "stop"})
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, op.Name)
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) != 1001 {
		t.Errorf("%d names for 1001 operations", len(names))
	}
	missing := 0
	for _, name := range names {
		if _, err := w.Operation(googleProject, name); err != nil {
			missing++
		}
	}
	if missing != 1 {
		t.Errorf("%d operations are forgotten, want 1", missing)
	}
}

// newClock returns a world's clock that only the test moves.
func newClock() *cloudsim.ManualClock {
	return cloudsim.NewManualClock(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
}
