package inventory

import (
	"iter"

	"github.com/google/uuid"
)

// Held is what the roll holds of one instance, as far as a decision needs it.
type Held struct {
	Hash Hash
	// Fence is the largest token of an observation that vouches for it.
	Fence int64
	Gone  bool
	// Elsewhere: it stands alive in another scope.
	Elsewhere bool
}

// Holding is what the roll holds of the instance with this UID.
type Holding struct {
	UID uuid.UUID
	Held
}

// Decision is what one observation of an instance does to the roll.
type Decision uint8

// The decisions.
const (
	// Unchanged: it is as it was; nothing is written.
	Unchanged Decision = iota
	// Create it.
	Create
	// Change what is held of it, or the scope that it stands in.
	Change
	// Reappear: it was gone and is back, with its name and first sight.
	Reappear
	// Overtaken by a newer observation of this instance; nothing is written.
	Overtaken
	// Duplicate of one that this snapshot has brought already; the first wins.
	Duplicate
)

// Decide says what an observation with this token and content does to an
// instance of which the roll holds this, or nothing (nil).
func Decide(held *Held, fence int64, hash Hash) Decision {
	switch {
	case held == nil:
		return Create
	case held.Fence > fence:
		return Overtaken
	case held.Gone:
		return Reappear
	case held.Hash == hash && !held.Elsewhere:
		return Unchanged
	default:
		return Change
	}
}

// Reconciliation compares one snapshot of a scope to what the roll holds of it.
// Not for concurrent use.
//
// What is held may change until the snapshot is applied: Hold tells what newer
// observations of single instances wrote meanwhile, and what is held of instances
// that were not known in the scope (see Fresh).
type Reconciliation struct {
	fence   int64
	load    func() []Holding
	entries []entry
	// next is the place of the entry that is looked at first, see find.
	next int
	// index has the places of the first len(index) entries, see lookUp.
	index    map[uuid.UUID]int32
	observed int64
	counts   [Duplicate + 1]int64
}

// entry is one instance that is held, observed or both.
type entry struct {
	uid  uuid.UUID
	held Held
	hash Hash
	// isHeld and seen tell whether held and hash mean anything.
	isHeld, seen bool
	decision     Decision
	// evidence is what the cloud said of it, when it was absent.
	evidence Evidence
}

// NewReconciliation compares a snapshot with this token to what is held alive in
// its scope. load brings that, some at a time, each instance once, and nothing at
// the end; it is called when more is needed to decide. size is how many instances
// are expected; it only saves growing.
func NewReconciliation(fence, size int64, load func() []Holding) *Reconciliation {
	return &Reconciliation{fence: fence, load: load, entries: make([]entry, 0, size)}
}

// loadMore takes in more of what is held; false: there is no more.
func (r *Reconciliation) loadMore() bool {
	more := r.load()
	for n := range more {
		r.entries = append(r.entries, entry{uid: more[n].UID, held: more[n].Held, isHeld: true})
	}
	return len(more) > 0
}

// find is the entry of an instance; nil: there is none. Clouds mostly list in the
// order of the time before, in which the rows lie too: the entry after the one
// that was found last is looked at first, and most listings need no index, nor wait
// for all that is held.
func (r *Reconciliation) find(uid uuid.UUID) *entry {
	for r.next == len(r.entries) && r.loadMore() {
	}
	if r.next >= len(r.entries) || r.entries[r.next].uid != uid {
		n, ok := r.lookUp(uid)
		if !ok {
			return nil
		}
		r.next = n
	}
	e := &r.entries[r.next]
	r.next++
	return e
}

// lookUp is the place of the entry of an instance. It indexes the entries that came
// since it was last asked.
func (r *Reconciliation) lookUp(uid uuid.UUID) (place int, ok bool) {
	for r.loadMore() {
	}
	if r.index == nil {
		r.index = make(map[uuid.UUID]int32, cap(r.entries))
	}
	for n := len(r.index); n < len(r.entries); n++ {
		r.index[r.entries[n].uid] = int32(n)
	}
	n, ok := r.index[uid]
	return int(n), ok
}

// at is the entry of an instance, a new one when there is none.
func (r *Reconciliation) at(uid uuid.UUID) *entry {
	if e := r.find(uid); e != nil {
		return e
	}
	r.entries = append(r.entries, entry{uid: uid})
	return &r.entries[len(r.entries)-1]
}

// hold sets what is held of an instance, and decides anew.
func (r *Reconciliation) hold(e *entry, held Held) {
	e.held, e.isHeld = held, true
	if e.seen {
		r.counts[e.decision]--
		r.decide(e)
	}
}

func (r *Reconciliation) decide(e *entry) {
	var held *Held
	if e.isHeld {
		held = &e.held
	}
	e.decision = Decide(held, r.fence, e.hash)
	r.counts[e.decision]++
}

// Hold tells what the roll holds of one instance for which that turned out otherwise
// than what was loaded.
func (r *Reconciliation) Hold(uid uuid.UUID, held Held) { r.hold(r.at(uid), held) }

// Forget takes back what Hold told of an instance that is not held in the scope.
func (r *Reconciliation) Forget(uid uuid.UUID) {
	e := r.at(uid)
	e.held, e.isHeld = Held{}, false
	if e.seen {
		r.counts[e.decision]--
		r.decide(e)
	}
}

// Observe takes one instance of the snapshot and says what it does. Create is
// for now: more may be held than stands alive in the scope, see Fresh.
func (r *Reconciliation) Observe(uid uuid.UUID, hash Hash) Decision {
	r.observed++
	return r.Find(uid, hash)
}

// Find takes an instance that the listing lacked and that the cloud has found
// when it was asked for it: as seen.
func (r *Reconciliation) Find(uid uuid.UUID, hash Hash) Decision {
	e := r.at(uid)
	if e.seen {
		return Duplicate
	}
	e.seen, e.hash = true, hash
	r.decide(e)
	return e.decision
}

// Fresh are the instances to create, as far as is known: those that were gone or
// stand in another scope have to be told by Hold.
func (r *Reconciliation) Fresh() []uuid.UUID {
	uids := make([]uuid.UUID, 0, r.counts[Create])
	if r.counts[Create] == 0 {
		return uids
	}
	for n := range r.entries {
		if e := &r.entries[n]; e.seen && e.decision == Create {
			uids = append(uids, e.uid)
		}
	}
	return uids
}

// Decision is what the snapshot does to an instance that it brought.
func (r *Reconciliation) Decision(uid uuid.UUID) Decision {
	if e := r.find(uid); e != nil {
		return e.decision
	}
	return Unchanged
}

// Absent are the instances that are held alive in the scope and that the
// snapshot lacks, leaving out those of which a newer observation is held. Good
// only once the scope was observed to the end.
func (r *Reconciliation) Absent() iter.Seq[uuid.UUID] {
	for r.loadMore() {
	}
	return func(yield func(uuid.UUID) bool) {
		for n := range r.entries {
			e := &r.entries[n]
			if !e.seen && e.held.Fence <= r.fence && !yield(e.uid) {
				return
			}
		}
	}
}

// IsAbsent tells whether an instance is held alive in the scope and was not seen.
func (r *Reconciliation) IsAbsent(uid uuid.UUID) bool {
	e := r.find(uid)
	return e != nil && !e.seen
}

// Hear takes what the cloud said of one that is absent. Of several words about
// the same one the most careful counts.
func (r *Reconciliation) Hear(uid uuid.UUID, evidence Evidence) {
	if e := r.at(uid); e.evidence == Untold || evidence > e.evidence {
		e.evidence = evidence
	}
}

// Evidence is what the cloud said of one that is absent.
func (r *Reconciliation) Evidence(uid uuid.UUID) Evidence {
	if e := r.find(uid); e != nil {
		return e.evidence
	}
	return Untold
}

// Alive is how many instances are held alive in the scope.
func (r *Reconciliation) Alive() (count int64) {
	for n := range r.entries {
		if e := &r.entries[n]; e.isHeld && !e.held.Gone && !e.held.Elsewhere {
			count++
		}
	}
	return count
}

// Changes counts what the snapshot does to the instances that it brought. Gone
// ones are not among them: see Absent.
func (r *Reconciliation) Changes() Changes {
	return Changes{
		Created:    r.counts[Create],
		Changed:    r.counts[Change],
		Reappeared: r.counts[Reappear],
		Unchanged:  r.counts[Unchanged] + r.counts[Overtaken],
	}
}

// Observed is how many instances the listing brought, duplicates included.
func (r *Reconciliation) Observed() int64 { return r.observed }
