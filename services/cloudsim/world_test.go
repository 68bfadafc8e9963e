package cloudsim_test

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	account = "100000000001"
	region  = "us-east-1"
)

// clock is a world's time that only moves when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// TestSameSeedSameWorld builds two worlds of one random configuration, lets the same things happen, and compares.
func TestSameSeedSameWorld(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := cloudsim.Config{
			Seed:      rapid.Uint64().Draw(t, "seed"),
			Accounts:  rapid.IntRange(1, 3).Draw(t, "accounts"),
			Regions:   cloudsim.DefaultRegions(rapid.IntRange(1, 3).Draw(t, "regions")),
			Instances: rapid.IntRange(0, 20).Draw(t, "instances"),
			Databases: rapid.IntRange(0, 12).Draw(t, "databases"),
			Hostile:   rapid.Bool().Draw(t, "hostile"),
		}
		steps := rapid.SliceOfN(rapid.IntRange(0, 20), 0, 5).Draw(t, "steps")
		history := func() (events []cloudsim.Event, truth []cloudsim.Truth) {
			clock := newClock()
			cfg.Now = clock.Now
			w := cloudsim.New(cfg)
			for _, n := range steps {
				events = append(events, w.Churn(n)...)
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
			t.Fatalf("different things happened:\n%v\n%v", events1, events2)
		}
		if !reflect.DeepEqual(truth1, truth2) {
			t.Fatal("the worlds differ")
		}
	})
}

// TestEveryIDIsUnique looks at all ids of a world, of which no two may be alike.
func TestEveryIDIsUnique(t *testing.T) {
	w := cloudsim.New(cloudsim.Config{Accounts: 20, Instances: 50, Databases: 12})
	seen := make(map[string]bool)
	note := func(id string) {
		if seen[id] {
			t.Errorf("%s is there twice", id)
		}
		seen[id] = true
	}
	for _, id := range w.Accounts() {
		truth, err := w.Truth(id)
		if err != nil {
			t.Fatal(err)
		}
		if len(truth.Machines) != 150 || len(truth.Databases) != 36 || len(truth.Clusters) == 0 {
			t.Errorf("%s has %d machines, %d databases, %d clusters", id, len(truth.Machines), len(truth.Databases), len(truth.Clusters))
		}
		for _, m := range truth.Machines {
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

// TestMachineLife follows a machine from launch until it has disappeared.
func TestMachineLife(t *testing.T) {
	clock := newClock()
	w := cloudsim.New(cloudsim.Config{Now: clock.Now})
	launched, err := w.Launch(account, region, cloudsim.Spec{Name: "one"})
	if err != nil {
		t.Fatal(err)
	}
	id := launched[0].ID
	is := func(want cloudsim.State) {
		t.Helper()
		if m, err := w.Machine(account, region, id); err != nil || m.State != want {
			t.Fatalf("the machine is %v, %v, want %v", m.State, err, want)
		}
	}
	do := func(_ []cloudsim.Transition, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	is(cloudsim.Pending)
	clock.Advance(cloudsim.DefaultTransition)
	is(cloudsim.Running)
	if err := w.Resize(account, region, id, "m6i.large"); !errors.Is(err, cloudsim.ErrWrongState) {
		t.Errorf("resizing a running machine: %v", err)
	}
	do(w.Stop(account, region, id))
	is(cloudsim.Stopping)
	if _, err := w.Start(account, region, id); !errors.Is(err, cloudsim.ErrWrongState) {
		t.Errorf("starting a stopping machine: %v", err)
	}
	clock.Advance(cloudsim.DefaultTransition)
	is(cloudsim.Stopped)
	if err := w.Resize(account, region, id, "m6i.large"); err != nil {
		t.Error(err)
	}
	do(w.Start(account, region, id))
	is(cloudsim.Pending)
	do(w.Terminate(account, region, id))
	is(cloudsim.ShuttingDown)
	clock.Advance(cloudsim.DefaultTransition)
	is(cloudsim.Terminated)
	clock.Advance(cloudsim.DefaultTerminatedFor)
	if _, err := w.Machine(account, region, id); !errors.Is(err, cloudsim.ErrNotFound) {
		t.Errorf("the machine is still there: %v", err)
	}
	if truth, _ := w.Truth(account); len(truth.Machines) != 0 {
		t.Errorf("%d machines are left", len(truth.Machines))
	}
}

// TestAllOrNone stops two machines of which one is not there.
func TestAllOrNone(t *testing.T) {
	w := cloudsim.New(cloudsim.Config{Transition: cloudsim.Immediately})
	launched, err := w.Launch(account, region, cloudsim.Spec{Type: "m6i.large"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Stop(account, region, launched[0].ID, "i-00000000000000000"); !errors.Is(err, cloudsim.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if m, _ := w.Machine(account, region, launched[0].ID); m.State != cloudsim.Running {
		t.Errorf("the machine is %v", m.State)
	}
}

// TestChurnKeepsThePopulation churns for long; machines must come and go and the listed ones stay bounded.
func TestChurnKeepsThePopulation(t *testing.T) {
	clock := newClock()
	w := cloudsim.New(cloudsim.Config{Now: clock.Now, Instances: 50, Databases: 8, Regions: []string{region}, TerminatedFor: time.Minute})
	kinds := make(map[cloudsim.EventKind]int)
	for range 3000 {
		for _, event := range w.Churn(1) {
			kinds[event.Kind]++
		}
		clock.Advance(time.Second)
	}
	all := []cloudsim.EventKind{
		cloudsim.Ended, cloudsim.Launched, cloudsim.Resized, cloudsim.Retagged, cloudsim.StartedDatabase, cloudsim.StartedMachine,
		cloudsim.StoppedDatabase, cloudsim.StoppedMachine,
	}
	for _, kind := range all {
		if kinds[kind] == 0 {
			t.Errorf("never %s: %v", kind, slices.Collect(maps.Keys(kinds)))
		}
	}
	truth, err := w.Truth(account)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(truth.Machines); n < 20 || n > 500 {
		t.Errorf("%d machines are left", n)
	}
}

// TestVanish takes machines away, one of them named twice.
func TestVanish(t *testing.T) {
	w := cloudsim.New(cloudsim.Config{Instances: 10, Regions: []string{region}})
	before, _ := w.Truth(account)
	gone := []string{before.Machines[3].ID, before.Machines[7].ID, before.Machines[3].ID}
	if err := w.Vanish(account, region, gone...); err != nil {
		t.Fatal(err)
	}
	after, _ := w.Truth(account)
	if _, there := after.Machine(gone[0]); there || len(after.Machines) != 8 {
		t.Errorf("%d machines are left", len(after.Machines))
	}
}

func TestBucket(t *testing.T) {
	clock := newClock()
	w := cloudsim.New(cloudsim.Config{Now: clock.Now, Limits: cloudsim.DocumentedLimits()})
	call := cloudsim.Call{Account: account, Region: region, Service: "ec2", Action: "DescribeInstances"}
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

func TestFaultsEndAndSkip(t *testing.T) {
	w := cloudsim.New(cloudsim.Config{})
	w.Inject(cloudsim.Fault{Kind: cloudsim.Throttle, Skip: 2, Count: 3, Call: cloudsim.Call{Service: "ec2"}})
	remove := w.Inject(cloudsim.Fault{Kind: cloudsim.Slow})
	remove()
	var hits []bool
	for range 7 {
		hits = append(hits, len(w.Faults(cloudsim.Call{Service: "ec2"}, cloudsim.Request{})) > 0)
	}
	if want := []bool{false, false, true, true, true, false, false}; !slices.Equal(hits, want) {
		t.Errorf("hits: %v", hits)
	}
	if len(w.Faults(cloudsim.Call{Service: "rds"}, cloudsim.Request{})) > 0 {
		t.Error("another service was hit")
	}

	w.ClearFaults()
	w.Inject(cloudsim.Fault{Kind: cloudsim.Throttle, Probability: 0.25})
	n := 0
	for range 1000 {
		n += len(w.Faults(cloudsim.Call{}, cloudsim.Request{}))
	}
	if n < 180 || n > 320 {
		t.Errorf("a fault of probability 0.25 hit %d of 1000 calls", n)
	}
}

func TestDatabaseLife(t *testing.T) {
	clock := newClock()
	w := cloudsim.New(cloudsim.Config{Now: clock.Now})
	db, err := w.LaunchDatabase(account, region, cloudsim.DatabaseSpec{ID: "orders", Engine: "mysql"})
	if err != nil || db.Status != cloudsim.DatabaseCreating || db.Engine != "mysql" {
		t.Fatalf("%+v, %v", db, err)
	}
	if _, err := w.LaunchDatabase(account, region, cloudsim.DatabaseSpec{ID: "orders"}); !errors.Is(err, cloudsim.ErrInvalid) {
		t.Errorf("the name is taken: %v", err)
	}
	if _, err := w.StopDatabase(account, region, "orders"); !errors.Is(err, cloudsim.ErrWrongState) {
		t.Errorf("stopping while creating: %v", err)
	}
	clock.Advance(cloudsim.DefaultTransition)
	if _, err := w.DeleteDatabase(account, region, "orders"); err != nil {
		t.Fatal(err)
	}
	clock.Advance(cloudsim.DefaultTransition)
	again, err := w.LaunchDatabase(account, region, cloudsim.DatabaseSpec{ID: "orders"})
	if err != nil || again.ResourceID == db.ResourceID {
		t.Errorf("a second database of the name: %s after %s, %v", again.ResourceID, db.ResourceID, err)
	}
}

// TestDemo keeps the demo company to the size that its description promises.
func TestDemo(t *testing.T) {
	w := cloudsim.New(cloudsim.Demo(1))
	machines, databases, clusters, spot, stopped := 0, 0, 0, 0, 0
	for _, id := range w.Accounts() {
		truth, err := w.Truth(id)
		if err != nil {
			t.Fatal(err)
		}
		machines += len(truth.Machines)
		databases += len(truth.Databases)
		clusters += len(truth.Clusters)
		for _, m := range truth.Machines {
			if m.Spot {
				spot++
			}
			if m.State == cloudsim.Stopped {
				stopped++
			}
		}
	}
	if len(w.Accounts()) != 5 || machines < 300 || machines > 600 || databases < 30 || clusters < 5 || spot < 20 || stopped < 10 {
		t.Errorf("%d machines (%d spot, %d stopped), %d databases, %d clusters", machines, spot, stopped, databases, clusters)
	}
}

func TestConfigCheck(t *testing.T) {
	bad := map[string]cloudsim.Config{
		"unknown region": {Regions: []string{"mars-1"}},
		"short id":       {Plan: []cloudsim.AccountPlan{{ID: "12"}}},
		"twice":          {Plan: []cloudsim.AccountPlan{{ID: account}, {ID: account}}},
	}
	for name, cfg := range bad {
		if cfg.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
