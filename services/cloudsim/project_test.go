package cloudsim_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

const googleProject = "my-project"

// TestSameSeedSameProjects builds two worlds of one random configuration, lets the same things happen, and compares.
func TestSameSeedSameProjects(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := cloudsim.Config{
			Seed: rapid.Uint64().Draw(t, "seed"),
			Projects: []cloudsim.ProjectPlan{
				{ID: googleProject, Instances: rapid.IntRange(0, 9).Draw(t, "instances"), Hostile: rapid.Bool().Draw(t, "hostile")},
				{ID: "other-project", Databases: rapid.IntRange(0, 12).Draw(t, "databases")},
			},
		}
		steps := rapid.SliceOfN(rapid.IntRange(0, 20), 0, 5).Draw(t, "steps")
		history := func() (events []cloudsim.Event, truth []cloudsim.ProjectTruth) {
			clock := newClock()
			cfg.Now = clock.Now
			w := cloudsim.New(cfg)
			for _, n := range steps {
				events = append(events, w.Churn(n)...)
				clock.Advance(7 * time.Second)
			}
			for _, id := range w.Projects() {
				one, err := w.ProjectTruth(id)
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
	w := cloudsim.New(cloudsim.Config{Now: clock.Now, Transition: 10 * time.Second, Projects: []cloudsim.ProjectPlan{{ID: googleProject}}})
	const zone = "us-central1-a"
	made, err := w.CreateVMs(googleProject, zone, cloudsim.VMSpec{Name: "web"})
	if err != nil {
		t.Fatal(err)
	}
	want := func(states ...cloudsim.VMState) {
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
	do := func(_ cloudsim.VM, err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	want(cloudsim.VMProvisioning, cloudsim.VMStaging, cloudsim.VMRunning)
	do(w.StopVM(googleProject, zone, "web"))
	want(cloudsim.VMStopping, cloudsim.VMStopping, cloudsim.VMTerminated)
	do(w.StopVM(googleProject, zone, "web"))
	do(w.StartVM(googleProject, zone, "web"))
	want(cloudsim.VMProvisioning, cloudsim.VMStaging, cloudsim.VMRunning)
	do(w.SuspendVM(googleProject, zone, "web"))
	want(cloudsim.VMSuspending, cloudsim.VMSuspending, cloudsim.VMSuspended)
	if _, err := w.StartVM(googleProject, zone, "web"); !errors.Is(err, cloudsim.ErrWrongState) {
		t.Errorf("a suspended VM was started: %v", err)
	}
	do(w.DeleteVM(googleProject, zone, "web"))
	want(cloudsim.VMDeprovisioning, cloudsim.VMDeprovisioning)
	clock.Advance(5 * time.Second)
	if _, err := w.VM(googleProject, zone, "web"); !errors.Is(err, cloudsim.ErrNotFound) {
		t.Errorf("it is still there: %v", err)
	}
	again, err := w.CreateVMs(googleProject, zone, cloudsim.VMSpec{Name: "web"})
	if err != nil || again[0].ID == made[0].ID {
		t.Errorf("%v, %v", again, err)
	}
	if _, err := w.CreateVMs(googleProject, zone, cloudsim.VMSpec{Name: "web"}); !errors.Is(err, cloudsim.ErrInvalid) {
		t.Errorf("a taken name was given again: %v", err)
	}
}

// TestWrongProjects: a configuration that makes no sense is refused.
func TestWrongProjects(t *testing.T) {
	for _, plans := range [][]cloudsim.ProjectPlan{
		{{ID: "Wrong"}}, {{ID: googleProject}, {ID: googleProject}}, {{ID: googleProject, Regions: []string{"mars-1"}}},
	} {
		if err := (cloudsim.Config{Projects: plans}).Check(); err == nil {
			t.Errorf("%v was accepted", plans)
		}
	}
	w := cloudsim.New(cloudsim.Config{})
	if _, err := w.ProjectTruth("nowhere"); !errors.Is(err, cloudsim.ErrNoProject) {
		t.Errorf("got %v", err)
	}
}

// TestOperationsAreForgotten: the latest thousand can be asked for, the ones before can't.
func TestOperationsAreForgotten(t *testing.T) {
	w := cloudsim.New(cloudsim.Config{Projects: []cloudsim.ProjectPlan{{ID: googleProject}}})
	var names []string
	for range 1001 {
		op, err := w.BeginOperation(googleProject, cloudsim.Operation{Kind: "stop"})
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
