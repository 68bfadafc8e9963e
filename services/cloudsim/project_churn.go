package cloudsim

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// The kinds of events that happen in Google Cloud projects alone.
const (
	SuspendedVM EventKind = "suspended"
	ResumedVM   EventKind = "resumed"
)

// step makes one thing happen in a project. Its event names the zone or region.
func (p *project) step(rng *rand.Rand, now time.Time) Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	region, _ := googleRegion(pick(rng, p.plan.Regions)) // Check has seen every region of the plan
	zone := pick(rng, region.ZoneNames())
	event := Event{Account: p.plan.ID, Region: zone}
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
		event.Kind = Launched
	case dice < 45:
		p.enterVM(m, VMDeprovisioning, now)
		event.Kind = Ended
	case dice < 60 && state == VMTerminated:
		family, _, _ := strings.Cut(m.Type, "-")
		m.Type = family + "-" + pick(rng, googleSizes)
		p.touch(m)
		event.Kind = Resized
	case dice < 80 && stopped:
		event.Kind = StartedMachine
		if state == VMSuspended {
			event.Kind = ResumedVM
		}
		p.enterVM(m, VMProvisioning, now)
	case dice < 60 && state == VMRunning:
		p.enterVM(m, VMStopping, now)
		event.Kind = StoppedMachine
	case dice < 65 && state == VMRunning:
		p.enterVM(m, VMSuspending, now)
		event.Kind = SuspendedVM
	default:
		m.Labels = mergeTags(m.Labels, map[string]string{"release": "v" + strconv.Itoa(1+rng.IntN(400))}, nil)
		p.touch(m)
		event.Kind = Retagged
	}
	event.ID = strconv.FormatUint(m.ID, 10)
	return event
}

// sampleVM picks a VM of a zone that is not ending. The caller holds mu.
func (p *project) sampleVM(rng *rand.Rand, zone string, now time.Time) (*VM, VMState, bool) {
	const tries = 8
	vms := p.byZone[zone]
	for range tries {
		if len(vms) == 0 {
			break
		}
		m := pick(rng, vms)
		if state, there := p.vmAt(m, now); there && state != VMDeprovisioning {
			return m, state, true
		}
	}
	return nil, "", false
}

// stepSQL stops or starts a database, when the one that it picks can. The caller holds mu.
func (p *project) stepSQL(rng *rand.Rand, now time.Time) (Event, bool) {
	if len(p.databases) == 0 {
		return Event{}, false
	}
	d := pick(rng, p.databases)
	state, there := p.sqlAt(d, now)
	if !there || state != SQLRunnable || d.ReplicaOf != "" || len(p.sqlReplicas(d.Name, now)) > 0 {
		return Event{}, false
	}
	d.Active = !d.Active
	p.touchSQL(d)
	event := Event{Kind: StoppedDatabase, Account: p.plan.ID, Region: d.Region, ID: d.Name}
	if d.Active {
		event.Kind = StartedDatabase
	}
	return event, true
}
