package aws

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// step changes one resource of the region.
func (r *region) step(rng *rand.Rand, now time.Time) cloudsim.Event {
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
		m = r.launch(InstanceSpec{}, now)[0]
		return cloudsim.Event{Kind: cloudsim.Launched, ID: m.ID}
	case dice < 45:
		r.enter(m, ShuttingDown, now)
		return cloudsim.Event{Kind: cloudsim.Ended, ID: m.ID}
	case dice < 65 && state == Stopped:
		m.Type = resize(rng, m.Type)
		r.touch(m)
		return cloudsim.Event{Kind: cloudsim.Resized, ID: m.ID}
	case dice < 80 && state == Stopped:
		r.enter(m, Pending, now)
		return cloudsim.Event{Kind: cloudsim.StartedInstance, ID: m.ID}
	case dice < 65 && state == Running && !m.Spot:
		r.enter(m, Stopping, now)
		return cloudsim.Event{Kind: cloudsim.StoppedInstance, ID: m.ID}
	default:
		m.Tags = cloudsim.MergeTags(m.Tags, map[string]string{"release": "v" + strconv.Itoa(1+rng.IntN(400))}, nil)
		r.touch(m)
		return cloudsim.Event{Kind: cloudsim.Retagged, ID: m.ID}
	}
}

// sample picks an instance that is not terminated or shutting down. The caller holds mu.
func (r *region) sample(rng *rand.Rand, now time.Time) (*Instance, State, bool) {
	const tries = 8
	for range tries {
		if len(r.instances) == 0 {
			break
		}
		m := cloudsim.Pick(rng, r.instances)
		state, visible := r.at(m, now)
		if visible && state != ShuttingDown && state != Terminated {
			return m, state, true
		}
	}
	return nil, 0, false
}

// stepDatabase picks a database, and stops or starts it if that is possible. The caller holds mu.
func (r *region) stepDatabase(rng *rand.Rand, now time.Time) (cloudsim.Event, bool) {
	if len(r.databases) == 0 {
		return cloudsim.Event{}, false
	}
	d := cloudsim.Pick(rng, r.databases)
	view, there := d.at(r, now)
	status := view.Status
	if !there || d.Cluster != "" || d.ReplicaOf != "" || len(r.replicas(d.ID, now)) > 0 {
		return cloudsim.Event{}, false
	}
	switch status {
	case DatabaseAvailable:
		d.Status, d.Changed, d.Failure = DatabaseStopping, now, ""
		r.touchDatabase(d)
		return cloudsim.Event{Kind: cloudsim.StoppedDatabase, ID: d.ID}, true
	case DatabaseStopped:
		d.Status, d.Changed, d.Failure = DatabaseStarting, now, ""
		r.touchDatabase(d)
		return cloudsim.Event{Kind: cloudsim.StartedDatabase, ID: d.ID}, true
	default:
		return cloudsim.Event{}, false
	}
}

// resize picks another size of the same family.
func resize(rng *rand.Rand, instanceType string) string {
	family, size, _ := strings.Cut(instanceType, ".")
	for {
		if next := cloudsim.Pick(rng, instanceSizes); next != size {
			return family + "." + next
		}
	}
}
