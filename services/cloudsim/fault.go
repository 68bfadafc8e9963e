package cloudsim

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Reads is a class of calls that read resources.
type Reads string

// The classes of reads. The zero value stands for all calls, including those that read nothing.
const (
	// Lists are calls that list all resources, page by page.
	Lists Reads = "lists"
	// ByID are calls that name the resources they read.
	ByID Reads = "by-id"
)

// Request describes properties of a call, beside Call, that faults depend on.
type Request struct {
	LaterPage bool // it asks for a page after the first
	Reads     Reads
}

// Fault makes calls fail. To take down a whole region, inject a Drop with only the region set.
type Fault struct {
	Call // pattern of the calls to hit
	Kind FaultKind
	// Of restricts the fault to a class of reads.
	Of Reads

	// Probability is the chance that a matching call is hit, 0 to 1. Zero means always.
	Probability float64
	// Skip is the number of matching calls to spare first.
	Skip int
	// Count ends the fault after that many hits. Zero means never.
	Count int

	Delay time.Duration // of Slow and Linger

	// Status, Code and Message are the response of Respond. ComeToNothing uses Code and Message.
	Status  int
	Code    string
	Message string
}

type faults struct {
	mu     sync.Mutex
	rng    *rand.Rand
	active []*activeFault
}

type activeFault struct {
	Fault
	seen, hits int
}

func (f *faults) init(seed uint64) {
	f.rng = rand.New(rand.NewPCG(seed, Hash("faults")))
}

// Inject adds a fault and returns the function that removes it.
func (w *World) Inject(fault Fault) (remove func()) {
	active := &activeFault{Fault: fault}
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	w.faults.active = append(w.faults.active, active)
	return func() {
		w.faults.mu.Lock()
		defer w.faults.mu.Unlock()
		w.faults.active = slices.DeleteFunc(w.faults.active, func(f *activeFault) bool { return f == active })
	}
}

// ClearFaults removes all faults.
func (w *World) ClearFaults() {
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	w.faults.active = nil
}

// Faults returns the faults that hit a call, in the order of injection, and counts the hits.
// Handlers call it once for each request.
func (w *World) Faults(call Call, request Request) FaultSet {
	f := &w.faults
	f.mu.Lock()
	defer f.mu.Unlock()
	var hit FaultSet
	for _, fault := range f.active {
		if !call.matches(fault.Call) || fault.Of != "" && fault.Of != request.Reads ||
			fault.Kind == FailMidway && !request.LaterPage || fault.Kind == ZoneUnreachable {
			continue
		}
		if f.hits(fault) {
			hit = append(hit, fault.Fault)
		}
	}
	return hit
}

// Unreachable reports whether a ZoneUnreachable fault hits the location call.Region, and counts the
// hit.
func (w *World) Unreachable(call Call) bool {
	f := &w.faults
	f.mu.Lock()
	defer f.mu.Unlock()
	hit := false
	for _, fault := range f.active {
		if fault.Kind == ZoneUnreachable && call.matches(fault.Call) {
			hit = f.hits(fault) || hit
		}
	}
	return hit
}

// hits counts a call that matches a fault and reports whether the fault hits it. The caller holds
// mu.
func (f *faults) hits(fault *activeFault) bool {
	fault.seen++
	switch {
	case fault.seen <= fault.Skip, fault.Count > 0 && fault.hits >= fault.Count:
		return false
	case fault.Probability > 0 && f.rng.Float64() >= fault.Probability:
		return false
	default:
		fault.hits++
		return true
	}
}
