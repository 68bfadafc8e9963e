package cloudsim

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// FaultKind is a way to fail.
type FaultKind string

// The kinds of fault. Where a cloud's services differ in how they say it, each says it in its own way.
const (
	// Slow holds the answer back for Fault.Delay.
	Slow FaultKind = "slow"
	// Hang never answers; it ends when the client gives up.
	Hang FaultKind = "hang"
	// Drop closes the connection without an answer.
	Drop FaultKind = "drop"
	// Truncate sends half the answer and closes the connection.
	Truncate FaultKind = "truncate"
	// Malformed answers 200 with XML or JSON that ends in the middle.
	Malformed FaultKind = "malformed"

	// AccessDenied refuses the action.
	AccessDenied FaultKind = "access-denied"
	// Throttle answers as if the account had used up its requests.
	Throttle FaultKind = "throttle"
	// ServerError answers 500.
	ServerError FaultKind = "server-error"
	// Unavailable answers 503.
	Unavailable FaultKind = "unavailable"
	// Expired answers as if the session were over.
	Expired FaultKind = "expired"
	// Revoked answers as if the access key did not exist.
	Revoked FaultKind = "revoked"
	// NotEnabled answers as if the account had not opted in to the region, though it is listed; of Google Cloud: as if the
	// API were not enabled in the project.
	NotEnabled FaultKind = "not-enabled"
	// ZoneUnreachable takes a zone, or a region of Cloud SQL, out of Google's lists: Call.Region names it. Lists of many
	// say that they could not reach it, or fail when they were not asked for partial success. It is no fault of a call.
	ZoneUnreachable FaultKind = "zone-unreachable"
	// LoseAnswer makes the call, and closes the connection without the answer.
	LoseAnswer FaultKind = "lose-answer"
	// HangAfter makes the call, and never answers.
	HangAfter FaultKind = "hang-after"
	// FailAfter makes the call, and answers 500 all the same.
	FailAfter FaultKind = "fail-after"
	// Linger makes what a call begins take Fault.Delay longer to end.
	Linger FaultKind = "linger"
	// ComeToNothing takes a call to start or stop, and what it began fails later, with Fault.Code and Message.
	ComeToNothing FaultKind = "come-to-nothing"
	// NoCapacity refuses to start for want of capacity, and NoQuota for want of quota. Compute Engine says so by an
	// operation that fails.
	NoCapacity FaultKind = "no-capacity"
	NoQuota    FaultKind = "no-quota"
	// Respond answers with Fault.Status, Code and Message.
	Respond FaultKind = "respond"

	// EndlessPages hands out a next page token for ever; the pages repeat the last one.
	EndlessPages FaultKind = "endless-pages"
	// RepeatToken hands out the token that was presented, so that a reader gets the same page again and again.
	RepeatToken FaultKind = "repeat-token"
	// FailMidway answers 500 to every page but the first.
	FailMidway FaultKind = "fail-midway"
	// Empty answers 200 with nothing in it, whatever there is.
	Empty FaultKind = "empty"
	// Incomplete answers 200 and leaves out every other thing, the same ones each time.
	Incomplete FaultKind = "incomplete"
	// LastPage ends a list with the page that was asked for: there is no token of the next one, though more follows.
	LastPage FaultKind = "last-page"
)

// FaultKinds lists all kinds.
var FaultKinds = []FaultKind{
	Slow, Hang, Drop, Truncate, Malformed, AccessDenied, Throttle, ServerError, Unavailable, Expired, Revoked, NotEnabled,
	ZoneUnreachable, LoseAnswer, HangAfter, FailAfter, Linger, ComeToNothing, NoCapacity, NoQuota, Respond, EndlessPages, RepeatToken, FailMidway, Empty,
	Incomplete, LastPage,
}

// Reads are some of the calls that read.
type Reads string

// The kinds of reads. The zero value stands for all calls, also those that read nothing.
const (
	// Lists ask for all there is, page by page.
	Lists Reads = "lists"
	// ByID ask for things that they name.
	ByID Reads = "by-id"
)

// Request says of a call what matters to faults besides.
type Request struct {
	LaterPage bool // it asks for a page after the first
	Reads     Reads
}

// Fault makes calls fail. A dead region is a Drop that names the region alone.
type Fault struct {
	Call // which calls; empty fields match all
	Kind FaultKind
	// Of narrows the fault to some of the calls that read.
	Of Reads

	// Probability that a matching call is hit, 0 to 1. Zero means always.
	Probability float64
	// Skip lets so many matching calls pass first.
	Skip int
	// Count ends the fault after so many hits. Zero means never.
	Count int

	Delay time.Duration // of Slow and Linger

	// The answer to Respond. ComeToNothing has a code and a message too.
	Status  int
	Code    string
	Message string
}

// faults holds what was injected.
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
	f.rng = rand.New(rand.NewPCG(seed, hash("faults")))
}

// Inject adds a fault and returns the function that takes it away again.
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

// ClearFaults takes all faults away.
func (w *World) ClearFaults() {
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	w.faults.active = nil
}

// Faults returns the faults that hit a call, in the order of injection, and counts the hits. Handlers call it once for
// each request.
func (w *World) Faults(call Call, request Request) []Fault {
	f := &w.faults
	f.mu.Lock()
	defer f.mu.Unlock()
	var hit []Fault
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

// LeavesOut tells whether a list that these faults hit goes without the thing with an id.
func LeavesOut(faults []Fault, id string) bool {
	return slices.ContainsFunc(faults, func(f Fault) bool { return f.Kind == Incomplete }) && hash(id)%2 == 0
}

// Unreachable tells whether a list must do without a zone or region, which call.Region names.
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

// hits counts a call that matches a fault, and tells whether the fault hits it. The caller holds mu.
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
