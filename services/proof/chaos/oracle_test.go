package chaos

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// invariant is the name of a property that must always hold.
type invariant string

// Invariants that hold at all times.
const (
	// aliveNotGone: an instance that exists in the cloud is not GONE in the inventory. Ids are
	// never reused, so the cloud is read after the inventory: what exists then existed all the
	// time. Removed accounts are exempt until they are observed again.
	aliveNotGone invariant = "nothing alive is marked gone"
	// neverOlder: no reader observes an older state of a resource after a newer one (by the number
	// that the cloud gives to each change). observe_time and the last complete observation of a
	// scope do not decrease.
	neverOlder invariant = "no older state over a newer one"
	// asObserved: a resource is in the inventory if its scope reports a complete observation after
	// its creation, and at least as new as it was in the cloud at its observe_time. False lists may
	// hide new resources, but must not make known ones appear observed.
	asObserved invariant = "observed resources are in the inventory"
	// inOrder: revisions increase by one from change to change for a watcher without a filter, and
	// increase for one with a filter. No change is missed or repeated.
	inOrder invariant = "every change once and in order"
	// consistent: no instance is CREATED twice, GONE twice, or CHANGED before it exists.
	consistent invariant = "changes are consistent"
	// readable: reads fail only because a server is unavailable or too slow.
	readable invariant = "reads succeed"
	// syncing: a requested sync ends.
	syncing invariant = "no account is stuck"
)

// Invariants that hold after convergence.
const (
	connected      invariant = "after convergence every account is CONNECTED"
	matchesCloud   invariant = "after convergence the inventory matches the clouds"
	scopesCurrent  invariant = "after convergence every scope is complete"
	replicaMatches invariant = "after convergence a watcher's replica matches the inventory"
	replayMatches  invariant = "the log replayed from its beginning matches the inventory"
	historyMatches invariant = "the history matches earlier snapshots"
	changesMatch   invariant = "the changes of an instance lead to its state"
)

// violation is an invariant that did not hold.
type violation struct {
	Invariant invariant
	Detail    string
	At        time.Time
}

func (v *violation) Error() string { return string(v.Invariant) + ": " + v.Detail }

// oracle collects violations and keeps the first, because the others may be its consequences.
type oracle struct {
	checks atomic.Int64

	mu     sync.Mutex
	first  *violation
	others int
	broken chan struct{} // closed with the first
}

func newOracle() *oracle { return &oracle{broken: make(chan struct{})} }

// report records a violation.
func (o *oracle) report(of invariant, format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.first != nil {
		o.others++
		return
	}
	o.first = &violation{of, fmt.Sprintf(format, args...), time.Now()}
	close(o.broken)
}

func (o *oracle) firstViolation() *violation {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.first
}

// exemptions are the parts of the schedule that the oracle must know: which accounts were removed,
// and which lists were false.
type exemptions struct {
	mu         sync.Mutex
	removed    map[string]absence
	falseLists []falseList
}

// absence is the last removal of an account. back is the time when it was added again, zero while
// it is removed.
type absence struct{ back time.Time }

// falseList is a period in which lists of some scopes omitted resources. until is zero while it
// lasts.
type falseList struct {
	matches     func(scope string) bool
	from, until time.Time
}

func newExemptions() *exemptions { return &exemptions{removed: map[string]absence{}} }

func (e *exemptions) remove(account string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.removed[account] = absence{}
}

func (e *exemptions) restore(account string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.removed[account] = absence{time.Now()}
}

// wasRemoved reports whether an account was removed and the scope was not observed since. A nil
// scope was never observed.
func (e *exemptions) wasRemoved(account string, scope *inventoryv1.Scope) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	was, removed := e.removed[account]
	return removed && (was.back.IsZero() || scope.GetLastCompleteTime() == nil || !scope.GetLastCompleteTime().AsTime().After(was.back))
}

// everRemoved reports whether an account was ever removed.
func (e *exemptions) everRemoved(account string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, removed := e.removed[account]
	return removed
}

// startFalseLists records that lists of some scopes are false from now until end is called.
func (e *exemptions) startFalseLists(matches func(scope string) bool) (end func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := len(e.falseLists)
	e.falseLists = append(e.falseLists, falseList{matches: matches, from: time.Now()})
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.falseLists[i].until = time.Now()
	}
}

// mayBeFalse reports whether lists of a scope may have been false during an observation that began
// at a time and has ended.
func (e *exemptions) mayBeFalse(scope string, observed time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, l := range e.falseLists {
		if (l.until.IsZero() || l.until.After(observed)) && l.matches(scope) {
			return true
		}
	}
	return false
}

// reading is the result of one pass of a reader, in the order of its reads.
type reading struct {
	scopes    map[string]*inventoryv1.Scope // read first
	instances []*inventoryv1.Instance       // with gone instances
	cloud     truth                         // read last
}

// checker compares the readings of one reader with the state of the clouds and with its earlier
// readings.
type checker struct {
	oracle      *oracle
	exemptions  *exemptions
	reader      string
	generations map[string]generation
	observed    map[string]time.Time
	complete    map[string]time.Time
}

func newChecker(reader string, o *oracle, e *exemptions) *checker {
	return &checker{
		oracle: o, exemptions: e, reader: reader, generations: map[string]generation{},
		observed: map[string]time.Time{}, complete: map[string]time.Time{},
	}
}

// check checks one reading.
func (c *checker) check(s reading) {
	byKey := make(map[string]*inventoryv1.Instance, len(s.instances))
	for _, i := range s.instances {
		byKey[keyOf(i)] = i
		c.instance(i, s)
	}
	for name, scope := range s.scopes {
		c.scope(name, scope)
	}
	for key, t := range s.cloud {
		c.presence(byKey[key], t, s.scopes[t.scope])
	}
	c.forget(byKey, s.scopes)
	c.oracle.checks.Add(int64(len(s.instances) + len(s.scopes) + len(s.cloud)))
}

// instance checks one instance of the inventory.
func (c *checker) instance(i *inventoryv1.Instance, s reading) {
	t, alive := s.cloud[keyOf(i)]
	gone := i.GetState() == inventoryv1.Instance_GONE
	if gone && alive && !c.exemptions.wasRemoved(i.GetAccount(), s.scopes[t.scope]) {
		c.oracle.report(aliveNotGone, "%s reads %s as GONE since %v; in the cloud it is %s", c.reader, describe(i), i.GetGoneTime().AsTime(), t.want.GetProviderState())
	}
	now, before := generationOf(i), c.generations[i.GetName()]
	if now.olderThan(before) {
		c.oracle.report(neverOlder, "%s reads %s at %v, but had read it at %v", c.reader, describe(i), now, before)
	}
	c.generations[i.GetName()] = now
	observed := i.GetObserveTime().AsTime()
	if last := c.observed[i.GetName()]; !gone && !c.exemptions.everRemoved(i.GetAccount()) && observed.Before(last) {
		c.oracle.report(neverOlder, "%s reads %s as observed at %v, but had read %v", c.reader, describe(i), observed, last)
	}
	c.observed[i.GetName()] = observed
}

func (c *checker) scope(name string, scope *inventoryv1.Scope) {
	complete := scope.GetLastCompleteTime().AsTime()
	if last := c.complete[name]; !c.exemptions.everRemoved(scope.GetAccount()) && complete.Before(last) {
		c.oracle.report(neverOlder, "%s reads %s as complete at %v, but had read %v", c.reader, name, complete, last)
	}
	c.complete[name] = complete
}

// presence checks that the inventory has a resource of the cloud.
func (c *checker) presence(i *inventoryv1.Instance, t resource, scope *inventoryv1.Scope) {
	account := t.want.GetAccount()
	if c.exemptions.wasRemoved(account, scope) || scope.GetLastCompleteTime() == nil {
		return
	}
	complete := scope.GetLastCompleteTime().AsTime()
	if i == nil {
		if t.versions[0].Before(complete) && !c.exemptions.mayBeFalse(t.scope, complete) {
			c.oracle.report(asObserved, "%s does not find %s %q; it was created at %v, and %s was complete at %v", c.reader, t.key, t.want.GetDisplayName(), t.versions[0], t.scope, complete)
		}
		return
	}
	observed, then := i.GetObserveTime().AsTime(), 0
	for _, at := range t.versions {
		if at.Before(observed) {
			then++
		}
	}
	if has := generationOf(i).version; has < then && i.GetState() != inventoryv1.Instance_GONE && !c.exemptions.everRemoved(account) {
		c.oracle.report(asObserved, "%s reads %s at version %d, observed at %v; by then the cloud had version %d, since %v (%d now)",
			c.reader, describe(i), has, observed, then, t.versions[then-1], len(t.versions))
	}
}

// forget drops the instances that the inventory no longer has, because they are never compared
// again.
func (c *checker) forget(byKey map[string]*inventoryv1.Instance, scopes map[string]*inventoryv1.Scope) {
	for name := range c.complete {
		if scopes[name] == nil {
			delete(c.complete, name)
		}
	}
	if len(c.generations) <= len(byKey) {
		return
	}
	names := make(map[string]bool, len(byKey))
	for _, i := range byKey {
		names[i.GetName()] = true
	}
	for name := range c.generations {
		if !names[name] {
			delete(c.generations, name)
			delete(c.observed, name)
		}
	}
}

func describe(i *inventoryv1.Instance) string {
	return fmt.Sprintf("%s %q (%s in %s)", keyOf(i), i.GetDisplayName(), i.GetProviderState(), i.GetLocation().GetRegion())
}
