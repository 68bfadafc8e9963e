package aws_test

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/aws"
)

// TestSeed_DeterminesTheCloud builds two worlds with one random configuration, applies the same
// churn, and compares.
func TestSeed_DeterminesTheCloud(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan := aws.Config{
			Accounts:  rapid.IntRange(1, 3).Draw(t, "accounts"),
			Regions:   aws.DefaultRegions(rapid.IntRange(1, 3).Draw(t, "regions")),
			Instances: rapid.IntRange(0, 20).Draw(t, "instances"),
			Databases: rapid.IntRange(0, 12).Draw(t, "databases"),
			Hostile:   rapid.Bool().Draw(t, "hostile"),
		}
		cfg := cloudsim.Config{Seed: rapid.Uint64().Draw(t, "seed"), Clouds: cloudsim.Clouds{plan}}
		steps := rapid.SliceOfN(rapid.IntRange(0, 20), 0, 5).Draw(t, "steps")
		history := func() (events []cloudsim.Event, truth []aws.Truth) {
			clock := newClock()
			cfg.Now = clock.Now
			world := cloudsim.New(cfg)
			w := aws.In(world)
			for _, n := range steps {
				events = append(events, world.Churn(n)...)
				clock.Advance(7 * time.Second)
			}
			for _, id := range w.Accounts() {
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
		if !reflect.DeepEqual(events1, events2) {
			t.Fatalf("the events differ:\n%v\n%v", events1, events2)
		}
		if !reflect.DeepEqual(truth1, truth2) {
			t.Fatal("the worlds differ")
		}
	})
}

// TestIDs_AreUnique compares all ids of a world.
func TestIDs_AreUnique(t *testing.T) {
	w := aws.In(cloudsim.New(cloudsim.Config{Clouds: cloudsim.Clouds{aws.Config{Accounts: 20, Instances: 50, Databases: 12}}}))
	seen := make(map[string]bool)
	note := func(id string) {
		if seen[id] {
			t.Errorf("%s exists twice", id)
		}
		seen[id] = true
	}
	for _, id := range w.Accounts() {
		truth, err := w.Truth(id)
		if err != nil {
			t.Fatal(err)
		}
		if len(truth.Instances) != 150 || len(truth.Databases) != 36 || len(truth.Clusters) == 0 {
			t.Errorf("%s has %d instances, %d databases, %d clusters", id, len(truth.Instances), len(truth.Databases), len(truth.Clusters))
		}
		for _, m := range truth.Instances {
			note(m.ID)
		}
		for _, d := range truth.Databases {
			note(d.ResourceID)
		}
		for _, c := range truth.Clusters {
			note(c.ResourceID)
		}
	}
}

// TestInstanceStates follows an instance from its launch until it is no longer visible.
func TestInstanceStates(t *testing.T) {
	clock := newClock()
	w := aws.In(cloudsim.New(cloudsim.Config{Now: clock.Now, Clouds: cloudsim.Clouds{aws.Config{}}}))
	launched, err := w.Launch(firstAccount, homeRegion, aws.InstanceSpec{Name: "one"})
	if err != nil {
		t.Fatal(err)
	}
	id := launched[0].ID
	is := func(want aws.State) {
		t.Helper()
		if m, err := w.Instance(firstAccount, homeRegion, id); err != nil || m.State != want {
			t.Fatalf("the instance is %v, %v, want %v", m.State, err, want)
		}
	}
	do := func(_ []aws.Transition, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	is(aws.Pending)
	clock.Advance(cloudsim.DefaultTransition)
	is(aws.Running)
	if err := w.Resize(firstAccount, homeRegion, id, "m6i.large"); !errors.Is(err, cloudsim.ErrWrongState) {
		t.Errorf("resizing a running instance: %v", err)
	}
	do(w.Stop(firstAccount, homeRegion, id))
	is(aws.Stopping)
	if _, err := w.Start(firstAccount, homeRegion, id); !errors.Is(err, cloudsim.ErrWrongState) {
		t.Errorf("starting a stopping instance: %v", err)
	}
	clock.Advance(cloudsim.DefaultTransition)
	is(aws.Stopped)
	if err := w.Resize(firstAccount, homeRegion, id, "m6i.large"); err != nil {
		t.Error(err)
	}
	do(w.Start(firstAccount, homeRegion, id))
	is(aws.Pending)
	do(w.Terminate(firstAccount, homeRegion, id))
	is(aws.ShuttingDown)
	clock.Advance(cloudsim.DefaultTransition)
	is(aws.Terminated)
	clock.Advance(aws.DefaultTerminatedFor)
	if _, err := w.Instance(firstAccount, homeRegion, id); !errors.Is(err, cloudsim.ErrNotFound) {
		t.Errorf("the instance is still visible: %v", err)
	}
	if truth, _ := w.Truth(firstAccount); len(truth.Instances) != 0 {
		t.Errorf("%d instances are left", len(truth.Instances))
	}
}

// TestStop_AllOrNone stops two instances of which one does not exist.
func TestStop_AllOrNone(t *testing.T) {
	w := aws.In(cloudsim.New(cloudsim.Config{Transition: cloudsim.Immediately, Clouds: cloudsim.Clouds{aws.Config{}}}))
	launched, err := w.Launch(firstAccount, homeRegion, aws.InstanceSpec{Type: "m6i.large"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Stop(firstAccount, homeRegion, launched[0].ID, "i-00000000000000000"); !errors.Is(err, cloudsim.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if m, _ := w.Instance(firstAccount, homeRegion, launched[0].ID); m.State != aws.Running {
		t.Errorf("the instance is %v", m.State)
	}
}

// TestChurn_KeepsThePopulation churns for long: instances must come and go, and their number must
// stay bounded.
func TestChurn_KeepsThePopulation(t *testing.T) {
	clock := newClock()
	world := cloudsim.New(cloudsim.Config{Now: clock.Now, Clouds: cloudsim.Clouds{
		aws.Config{Instances: 50, Databases: 8, Regions: []string{homeRegion}, TerminatedFor: time.Minute},
	}})
	kinds := make(map[cloudsim.EventKind]int)
	for range 3000 {
		for _, event := range world.Churn(1) {
			kinds[event.Kind]++
		}
		clock.Advance(time.Second)
	}
	all := []cloudsim.EventKind{
		cloudsim.Ended, cloudsim.Launched, cloudsim.Resized, cloudsim.Retagged, cloudsim.StartedDatabase, cloudsim.StartedInstance,
		cloudsim.StoppedDatabase, cloudsim.StoppedInstance,
	}
	for _, kind := range all {
		if kinds[kind] == 0 {
			t.Errorf("never %s: %v", kind, slices.Collect(maps.Keys(kinds)))
		}
	}
	truth, err := aws.In(world).Truth(firstAccount)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(truth.Instances); n < 20 || n > 500 {
		t.Errorf("%d instances are left", n)
	}
}

// TestVanish removes instances, one of which is named twice.
func TestVanish(t *testing.T) {
	w := aws.In(cloudsim.New(cloudsim.Config{Clouds: cloudsim.Clouds{aws.Config{Instances: 10, Regions: []string{homeRegion}}}}))
	before, _ := w.Truth(firstAccount)
	gone := []string{before.Instances[3].ID, before.Instances[7].ID, before.Instances[3].ID}
	if err := w.Vanish(firstAccount, homeRegion, gone...); err != nil {
		t.Fatal(err)
	}
	after, _ := w.Truth(firstAccount)
	if _, there := after.Instance(gone[0]); there || len(after.Instances) != 8 {
		t.Errorf("%d instances are left", len(after.Instances))
	}
}

func TestAdmit_DocumentedLimits(t *testing.T) {
	clock := newClock()
	w := aws.In(cloudsim.New(cloudsim.Config{Now: clock.Now, Clouds: cloudsim.Clouds{aws.Config{Limits: aws.DocumentedLimits()}}}))
	call := cloudsim.Call{Account: firstAccount, Region: homeRegion, Service: "ec2", Action: "DescribeInstances"}
	admitted := func(n int) (ok int) {
		for range n {
			if w.Admit(call, true) {
				ok++
			}
		}
		return ok
	}
	if got := admitted(150); got != 100 {
		t.Errorf("%d of 150 were admitted at once, want 100", got)
	}
	clock.Advance(1500 * time.Millisecond)
	if got := admitted(150); got != 30 {
		t.Errorf("%d were admitted after 1.5 s, want 30", got)
	}
	call.Region = "eu-west-1"
	if got := admitted(150); got != 100 {
		t.Errorf("%d were admitted in another region, want 100", got)
	}
}

func TestDatabaseStates(t *testing.T) {
	clock := newClock()
	w := aws.In(cloudsim.New(cloudsim.Config{Now: clock.Now, Clouds: cloudsim.Clouds{aws.Config{}}}))
	db, err := w.LaunchDatabase(firstAccount, homeRegion, aws.DatabaseSpec{ID: "orders", Engine: "mysql"})
	if err != nil || db.Status != aws.DatabaseCreating || db.Engine != "mysql" {
		t.Fatalf("%+v, %v", db, err)
	}
	if _, err := w.LaunchDatabase(firstAccount, homeRegion, aws.DatabaseSpec{ID: "orders"}); !errors.Is(err, cloudsim.ErrInvalid) {
		t.Errorf("the name is taken: %v", err)
	}
	if _, err := w.StopDatabase(firstAccount, homeRegion, "orders"); !errors.Is(err, cloudsim.ErrWrongState) {
		t.Errorf("stopping while creating: %v", err)
	}
	clock.Advance(cloudsim.DefaultTransition)
	if _, err := w.DeleteDatabase(firstAccount, homeRegion, "orders"); err != nil {
		t.Fatal(err)
	}
	clock.Advance(cloudsim.DefaultTransition)
	again, err := w.LaunchDatabase(firstAccount, homeRegion, aws.DatabaseSpec{ID: "orders"})
	if err != nil || again.ResourceID == db.ResourceID {
		t.Errorf("a second database with the name: %s after %s, %v", again.ResourceID, db.ResourceID, err)
	}
}

func TestConfigCheck(t *testing.T) {
	bad := map[string]aws.Config{
		"unknown region": {Regions: []string{"mars-1"}},
		"short id":       {Plan: []aws.AccountPlan{{ID: "12"}}},
		"twice":          {Plan: []aws.AccountPlan{{ID: firstAccount}, {ID: firstAccount}}},
	}
	for name, cfg := range bad {
		if cfg.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
