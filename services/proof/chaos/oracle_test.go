package chaos

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// invariant names what must hold, whatever happens.
type invariant string

// What holds always.
const (
	// aliveNotGone: what the cloud still has is not GONE on the roll. Ids never
	// come back, so the cloud is asked after the roll: what is there then was there
	// all the time. Accounts that left the roll are excused until they are observed
	// again.
	aliveNotGone invariant = "nothing alive is marked gone"
	// neverOlder: of one thing, no reader sees an older state after a newer one
	// (by the number that the cloud gives to each change), nor observe_time or the
	// last complete observation of a scope go back.
	neverOlder invariant = "no older state over a newer one"
	// asObserved: a thing is on the roll when its scope says that it was observed
	// to the end after the thing came, and at least as new as it was in the cloud
	// at its observe_time. Lists that lie may hide what is new; they may not make
	// what is known look observed.
	asObserved invariant = "what was observed is on the roll"
	// inOrder: revisions grow by one from change to change for a watcher without a
	// filter, and grow for one with a filter: nothing missed, nothing twice.
	inOrder invariant = "every change once and in order"
	// sensible: nothing is CREATED twice, GONE when it is gone, or CHANGED before
	// it is there.
	sensible invariant = "changes follow each other"
	// readable: reads fail for want of a server or of time, not otherwise.
	readable invariant = "reads answer"
	// syncing: a sync that was asked for ends.
	syncing invariant = "no account is stuck"
)

// What holds after quiet.
const (
	connected   invariant = "after quiet every account is CONNECTED"
	rollIsCloud invariant = "after quiet the roll is the cloud"
	vouched     invariant = "after quiet every scope is vouched for"
	replicaIs   invariant = "after quiet a watcher's replica is the roll"
	replayIs    invariant = "the log replayed from its beginning is the roll"
	pastIs      invariant = "the past is as it was seen"
	changesTell invariant = "the changes of an instance lead to what it is"
)

// violation is a promise that was broken.
type violation struct {
	Invariant invariant
	Detail    string
	At        time.Time
}

func (v *violation) Error() string { return string(v.Invariant) + ": " + v.Detail }

// court takes reports and keeps the first; what came of it may be broken too.
type court struct {
	checks atomic.Int64

	mu     sync.Mutex
	first  *violation
	others int
	broken chan struct{} // closed with the first
}

func newCourt() *court { return &court{broken: make(chan struct{})} }

// report says that an invariant is broken.
func (c *court) report(of invariant, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.first != nil {
		c.others++
		return
	}
	c.first = &violation{of, fmt.Sprintf(format, args...), time.Now()}
	close(c.broken)
}

func (c *court) verdict() *violation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.first
}

// excuses are what the oracle must know of the schedule: which accounts were
// off the roll, and when lists lied.
type excuses struct {
	mu      sync.Mutex
	removed map[string]absence
	lies    []lie
}

// absence is when an account was last taken off the roll, and put on it again;
// back is zero while it is off.
type absence struct{ back time.Time }

// lie is a time in which lists of some scopes lacked what was there; until is
// zero while it goes on.
type lie struct {
	matches     func(scope string) bool
	from, until time.Time
}

func newExcuses() *excuses { return &excuses{removed: map[string]absence{}} }

func (e *excuses) remove(account string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.removed[account] = absence{}
}

func (e *excuses) putBack(account string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.removed[account] = absence{time.Now()}
}

// left tells whether an account was off the roll, so that nothing is to be said
// of a scope that was not observed since; nil is such a scope.
func (e *excuses) left(account string, scope *inventoryv1.Scope) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	was, left := e.removed[account]
	return left && (was.back.IsZero() || scope.GetLastCompleteTime() == nil || !scope.GetLastCompleteTime().AsTime().After(was.back))
}

// everLeft tells whether an account ever was off the roll.
func (e *excuses) everLeft(account string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, left := e.removed[account]
	return left
}

// startLie notes that lists of some scopes lie from now on, until end is called.
func (e *excuses) startLie(matches func(scope string) bool) (end func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := len(e.lies)
	e.lies = append(e.lies, lie{matches: matches, from: time.Now()})
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.lies[i].until = time.Now()
	}
}

// lied tells whether lists of a scope may have lied to an observation that began
// at a time, by now.
func (e *excuses) lied(scope string, observed time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, l := range e.lies {
		if (l.until.IsZero() || l.until.After(observed)) && l.matches(scope) {
			return true
		}
	}
	return false
}

// sweep is what a reader was told in one go, in this order.
type sweep struct {
	scopes map[string]*inventoryv1.Scope // read first
	roll   []*inventoryv1.Instance       // gone ones too
	cloud  truth                         // taken last
}

// judge holds what one reader is told against the cloud's record, and against
// what the reader was told before.
type judge struct {
	*court
	*excuses
	who      string
	ages     map[string]age
	observed map[string]time.Time
	complete map[string]time.Time
}

func newJudge(who string, c *court, e *excuses) *judge {
	return &judge{court: c, excuses: e, who: who, ages: map[string]age{}, observed: map[string]time.Time{}, complete: map[string]time.Time{}}
}

// sweep judges one sweep.
func (j *judge) sweep(s sweep) {
	onRoll := make(map[string]*inventoryv1.Instance, len(s.roll))
	for _, i := range s.roll {
		onRoll[keyOf(i)] = i
		j.instance(i, s)
	}
	for name, scope := range s.scopes {
		j.scope(name, scope)
	}
	for key, t := range s.cloud {
		j.presence(onRoll[key], t, s.scopes[t.scope])
	}
	j.forget(onRoll, s.scopes)
	j.checks.Add(int64(len(s.roll) + len(s.scopes) + len(s.cloud)))
}

// instance judges what the roll says of one instance.
func (j *judge) instance(i *inventoryv1.Instance, s sweep) {
	t, alive := s.cloud[keyOf(i)]
	gone := i.GetState() == inventoryv1.Instance_GONE
	if gone && alive && !j.left(i.GetAccount(), s.scopes[t.scope]) {
		j.report(aliveNotGone, "%s reads %s as GONE since %v; in the cloud it is %s", j.who, describe(i), i.GetGoneTime().AsTime(), t.want.GetProviderState())
	}
	now, before := ageOf(i), j.ages[i.GetName()]
	if now.olderThan(before) {
		j.report(neverOlder, "%s reads %s at %v, and had read it at %v", j.who, describe(i), now, before)
	}
	j.ages[i.GetName()] = now
	observed := i.GetObserveTime().AsTime()
	if last := j.observed[i.GetName()]; !gone && !j.everLeft(i.GetAccount()) && observed.Before(last) {
		j.report(neverOlder, "%s reads %s as observed at %v, and had read %v", j.who, describe(i), observed, last)
	}
	j.observed[i.GetName()] = observed
}

func (j *judge) scope(name string, scope *inventoryv1.Scope) {
	complete := scope.GetLastCompleteTime().AsTime()
	if last := j.complete[name]; !j.everLeft(scope.GetAccount()) && complete.Before(last) {
		j.report(neverOlder, "%s reads %s as complete at %v, and had read %v", j.who, name, complete, last)
	}
	j.complete[name] = complete
}

// presence judges whether the roll knows what the cloud has.
func (j *judge) presence(i *inventoryv1.Instance, t thing, scope *inventoryv1.Scope) {
	account := t.want.GetAccount()
	if j.left(account, scope) || scope.GetLastCompleteTime() == nil {
		return
	}
	complete := scope.GetLastCompleteTime().AsTime()
	if i == nil {
		if t.versions[0].Before(complete) && !j.lied(t.scope, complete) {
			j.report(asObserved, "%s does not find %s %q; it came at %v, and %s was complete at %v", j.who, t.key, t.want.GetDisplayName(), t.versions[0], t.scope, complete)
		}
		return
	}
	observed, then := i.GetObserveTime().AsTime(), 0
	for _, at := range t.versions {
		if at.Before(observed) {
			then++
		}
	}
	if has := ageOf(i).version; has < then && i.GetState() != inventoryv1.Instance_GONE && !j.everLeft(account) {
		j.report(asObserved, "%s reads %s at version %d, observed at %v; by then the cloud had version %d, since %v (%d now)",
			j.who, describe(i), has, observed, then, t.versions[then-1], len(t.versions))
	}
}

// forget drops what the roll no longer has: it is never compared again.
func (j *judge) forget(onRoll map[string]*inventoryv1.Instance, scopes map[string]*inventoryv1.Scope) {
	for name := range j.complete {
		if scopes[name] == nil {
			delete(j.complete, name)
		}
	}
	if len(j.ages) <= len(onRoll) {
		return
	}
	names := make(map[string]bool, len(onRoll))
	for _, i := range onRoll {
		names[i.GetName()] = true
	}
	for name := range j.ages {
		if !names[name] {
			delete(j.ages, name)
			delete(j.observed, name)
		}
	}
}

func describe(i *inventoryv1.Instance) string {
	return fmt.Sprintf("%s %q (%s in %s)", keyOf(i), i.GetDisplayName(), i.GetProviderState(), i.GetLocation().GetRegion())
}
