package gcp

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// The kinds of events that only Google Cloud has.
const (
	SuspendedVM cloudsim.EventKind = "suspended"
	ResumedVM   cloudsim.EventKind = "resumed"
)

// step changes one resource of the project. The event's region is the zone, or the region of a
// database.
func (p *project) step(rng *rand.Rand, now time.Time) cloudsim.Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	region, _ := lookupRegion(cloudsim.Pick(rng, p.plan.Regions)) // Check has verified every region of the plan
	zone := cloudsim.Pick(rng, region.ZoneNames())
	event := cloudsim.Event{Account: p.plan.ID, Region: zone}
	dice := rng.IntN(100)
	if dice >= 92 {
		if d, ok := p.stepSQL(rng, now); ok {
			return d
		}
	}
	m, state, ok := p.sampleVM(rng, zone, now)
	stopped := ok && (state == VMTerminated || state == VMSuspended)
	switch {
	case !ok || dice < 24:
		m = p.createVMs(zone, VMSpec{}, now)[0]
		event.Kind = cloudsim.Launched
	case dice < 45:
		p.enterVM(m, VMDeprovisioning, now)
		event.Kind = cloudsim.Ended
	case dice < 60 && state == VMTerminated:
		family, _, _ := strings.Cut(m.Type, "-")
		m.Type = family + "-" + cloudsim.Pick(rng, machineSizes)
		p.touch(m)
		event.Kind = cloudsim.Resized
	case dice < 80 && stopped:
		event.Kind = cloudsim.StartedInstance
		if state == VMSuspended {
			event.Kind = ResumedVM
		}
		p.enterVM(m, VMProvisioning, now)
	case dice < 60 && state == VMRunning:
		p.enterVM(m, VMStopping, now)
		event.Kind = cloudsim.StoppedInstance
	case dice < 65 && state == VMRunning:
		p.enterVM(m, VMSuspending, now)
		event.Kind = SuspendedVM
	default:
		m.Labels = cloudsim.MergeTags(m.Labels, map[string]string{"release": "v" + strconv.Itoa(1+rng.IntN(400))}, nil)
		p.touch(m)
		event.Kind = cloudsim.Retagged
	}
	event.ID = strconv.FormatUint(m.ID, 10)
	return event
}

// sampleVM picks a VM of a zone that is not being deleted. The caller holds mu.
func (p *project) sampleVM(rng *rand.Rand, zone string, now time.Time) (*VM, VMState, bool) {
	const tries = 8
	vms := p.byZone[zone]
	for range tries {
		if len(vms) == 0 {
			break
		}
		m := cloudsim.Pick(rng, vms)
		if state, there := p.vmAt(m, now); there && state != VMDeprovisioning {
			return m, state, true
		}
	}
	return nil, "", false
}

// stepSQL picks a database, and stops or starts it if that is possible. The caller holds mu.
func (p *project) stepSQL(rng *rand.Rand, now time.Time) (cloudsim.Event, bool) {
	if len(p.databases) == 0 {
		return cloudsim.Event{}, false
	}
	d := cloudsim.Pick(rng, p.databases)
	state, there := p.sqlAt(d, now)
	if !there || state != SQLRunnable || d.ReplicaOf != "" || len(p.sqlReplicas(d.Name, now)) > 0 {
		return cloudsim.Event{}, false
	}
	d.Active = !d.Active
	p.touchSQL(d)
	event := cloudsim.Event{Kind: cloudsim.StoppedDatabase, Account: p.plan.ID, Region: d.Region, ID: d.Name}
	if d.Active {
		event.Kind = cloudsim.StartedDatabase
	}
	return event, true
}
