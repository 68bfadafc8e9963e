package cloudsim

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// EventKind is what a step of churn did.
type EventKind string

// The kinds of events.
const (
	Launched        EventKind = "launched"
	Ended           EventKind = "terminated"
	Retagged        EventKind = "retagged"
	Resized         EventKind = "resized"
	StoppedMachine  EventKind = "stopped"
	StartedMachine  EventKind = "started"
	StoppedDatabase EventKind = "database-stopped"
	StartedDatabase EventKind = "database-started"
)

// Event is one thing that churn did.
type Event struct {
	Kind    EventKind
	Account string // or the Google Cloud project
	Region  string // or the zone
	ID      string
}

// Churn makes n things happen somewhere in the world and returns them: machines are launched, terminated, retagged,
// resized, stopped and started, databases stopped and started. What happens follows from the seed, the state of the
// world and the number of steps before alone. A region that has nothing left to change gets a new machine.
func (w *World) Churn(n int) []Event {
	w.churnMu.Lock()
	defer w.churnMu.Unlock()
	events := make([]Event, 0, n)
	for range n {
		if i := len(w.projectOrder); i > 0 && w.churn.IntN(i+len(w.order)) < i {
			p, err := w.project(pick(w.churn, w.projectOrder))
			if err != nil {
				panic("cloudsim: " + err.Error()) // the order holds no others
			}
			events = append(events, p.step(w.churn, w.Now()))
			continue
		}
		account := w.accounts[pick(w.churn, w.order)]
		name := pick(w.churn, account.plan.Regions)
		r, err := w.region(account.plan.ID, name)
		if err != nil {
			panic("cloudsim: " + err.Error()) // Check has seen every region of the plan
		}
		event := r.step(w.churn, w.Now())
		event.Account, event.Region = account.plan.ID, name
		events = append(events, event)
	}
	return events
}

// step makes one thing happen.
func (r *region) step(rng *rand.Rand, now time.Time) Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	dice := rng.IntN(100)
	if dice >= 92 {
		if event, ok := r.stepDatabase(rng, now); ok {
			return event
		}
	}
	m, state, ok := r.sample(rng, now)
	switch {
	case !ok || dice < 24:
		m = r.launch(Spec{}, now)[0]
		return Event{Kind: Launched, ID: m.ID}
	case dice < 45:
		r.enter(m, ShuttingDown, now)
		return Event{Kind: Ended, ID: m.ID}
	case dice < 65 && state == Stopped:
		m.Type = resize(rng, m.Type)
		r.touch(m)
		return Event{Kind: Resized, ID: m.ID}
	case dice < 80 && state == Stopped:
		r.enter(m, Pending, now)
		return Event{Kind: StartedMachine, ID: m.ID}
	case dice < 65 && state == Running && !m.Spot:
		r.enter(m, Stopping, now)
		return Event{Kind: StoppedMachine, ID: m.ID}
	default:
		m.Tags = mergeTags(m.Tags, map[string]string{"release": "v" + strconv.Itoa(1+rng.IntN(400))}, nil)
		r.touch(m)
		return Event{Kind: Retagged, ID: m.ID}
	}
}

// sample picks a machine that is neither ending nor over. The caller holds mu.
func (r *region) sample(rng *rand.Rand, now time.Time) (*Machine, State, bool) {
	const tries = 8
	for range tries {
		if len(r.machines) == 0 {
			break
		}
		m := pick(rng, r.machines)
		state, visible := r.at(m, now)
		if visible && state != ShuttingDown && state != Terminated {
			return m, state, true
		}
	}
	return nil, 0, false
}

// stepDatabase stops or starts a database, when the region has one that can. The caller holds mu.
func (r *region) stepDatabase(rng *rand.Rand, now time.Time) (Event, bool) {
	if len(r.databases) == 0 {
		return Event{}, false
	}
	d := pick(rng, r.databases)
	view, there := d.at(r, now)
	status := view.Status
	if !there || d.Cluster != "" || d.ReplicaOf != "" || len(r.replicas(d.ID, now)) > 0 {
		return Event{}, false
	}
	switch status {
	case DatabaseAvailable:
		d.Status, d.Changed, d.Failure = DatabaseStopping, now, ""
		r.touchDatabase(d)
		return Event{Kind: StoppedDatabase, ID: d.ID}, true
	case DatabaseStopped:
		d.Status, d.Changed, d.Failure = DatabaseStarting, now, ""
		r.touchDatabase(d)
		return Event{Kind: StartedDatabase, ID: d.ID}, true
	default:
		return Event{}, false
	}
}

// resize picks another size of the same family.
func resize(rng *rand.Rand, machineType string) string {
	family, size, _ := strings.Cut(machineType, ".")
	for {
		if next := pick(rng, machineSizes); next != size {
			return family + "." + next
		}
	}
}
