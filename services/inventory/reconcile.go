package inventory

import (
	"iter"

	"github.com/google/uuid"
)

// Stored is the stored state of an instance, as far as a decision needs it.
type Stored struct {
	Hash Hash
	// Fence is the largest token of an observation that vouches for the instance.
	Fence int64
	Gone  bool
	// Elsewhere reports that the instance is alive in another scope.
	Elsewhere bool
}

// StoredInstance is the stored state of the instance with this UID.
type StoredInstance struct {
	UID uuid.UUID
	Stored
}

// Decision is the change that an observation of an instance makes.
type Decision uint8

// The decisions.
const (
	// Unchanged means that nothing is written.
	Unchanged Decision = iota
	// Create means that the instance is new.
	Create
	// Change means that the content, or the scope that the instance is in, has changed.
	Change
	// Reappear means that the instance was gone. It keeps its name and first_seen_time.
	Reappear
	// Overtaken means that a newer observation of the instance is stored. Nothing is written.
	Overtaken
	// Duplicate means that the snapshot listed the instance before. The first one wins.
	Duplicate
)

// Decide returns what an observation with this token and content changes in the stored instance, which
// is nil if there is none.
func Decide(stored *Stored, fence int64, hash Hash) Decision {
	switch {
	case stored == nil:
		return Create
	case stored.Fence > fence:
		return Overtaken
	case stored.Gone:
		return Reappear
	case stored.Hash == hash && !stored.Elsewhere:
		return Unchanged
	default:
		return Change
	}
}

// Reconciliation compares a snapshot of a scope with what is stored of it. It is not safe for
// concurrent use.
//
// What is stored may change until the snapshot is applied. Update sets what newer observations of
// single instances wrote, and what is stored of instances that were not known in the scope (see Fresh).
type Reconciliation struct {
	fence   int64
	load    func() []StoredInstance
	entries []entry
	// next is the index of the entry that find looks at first.
	next int
	// index has the indexes of the first len(index) entries. See lookUp.
	index    map[uuid.UUID]int32
	observed int64
	counts   [Duplicate + 1]int64
}

// entry is an instance that is stored, observed, or both.
type entry struct {
	uid    uuid.UUID
	stored Stored
	hash   Hash
	// isStored and seen report whether stored and hash are set.
	isStored, seen bool
	decision       Decision
	// evidence is the provider's answer, if the instance is missing.
	evidence Evidence
}

// NewReconciliation returns the reconciliation of a snapshot with this token. load returns the
// instances that are stored alive in the scope, some at a time and each one once, and nothing at the
// end; it is called when more are needed for a decision. size is the expected number of instances and
// only saves allocations.
func NewReconciliation(fence, size int64, load func() []StoredInstance) *Reconciliation {
	return &Reconciliation{fence: fence, load: load, entries: make([]entry, 0, size)}
}

// loadMore loads more of the stored instances, and reports whether there were any.
func (r *Reconciliation) loadMore() bool {
	more := r.load()
	for n := range more {
		r.entries = append(r.entries, entry{uid: more[n].UID, stored: more[n].Stored, isStored: true})
	}
	return len(more) > 0
}

// find returns the entry of an instance; nil if there is none. Providers mostly list in the order of
// the time before, which is also the order of the rows. It therefore looks first at the entry after the
// one that it found last: most listings need no index and do not wait until everything is loaded.
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

// lookUp returns the index of the entry of an instance. It adds the entries that are new since the last
// call to the index.
func (r *Reconciliation) lookUp(uid uuid.UUID) (index int, ok bool) {
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

// at returns the entry of an instance, and adds one if there is none.
func (r *Reconciliation) at(uid uuid.UUID) *entry {
	if e := r.find(uid); e != nil {
		return e
	}
	r.entries = append(r.entries, entry{uid: uid})
	return &r.entries[len(r.entries)-1]
}

func (r *Reconciliation) decide(e *entry) {
	var stored *Stored
	if e.isStored {
		stored = &e.stored
	}
	e.decision = Decide(stored, r.fence, e.hash)
	r.counts[e.decision]++
}

// redecide decides again about an entry, if it was seen.
func (r *Reconciliation) redecide(e *entry) {
	if e.seen {
		r.counts[e.decision]--
		r.decide(e)
	}
}

// Update sets what is stored of an instance, in place of what was loaded.
func (r *Reconciliation) Update(uid uuid.UUID, stored Stored) {
	e := r.at(uid)
	e.stored, e.isStored = stored, true
	r.redecide(e)
}

// Forget takes back an Update of an instance that is not stored in the scope.
func (r *Reconciliation) Forget(uid uuid.UUID) {
	e := r.at(uid)
	e.stored, e.isStored = Stored{}, false
	r.redecide(e)
}

// Observe decides about an instance of the snapshot. Create is preliminary: the instance may be stored
// as gone or in another scope. See Fresh.
func (r *Reconciliation) Observe(uid uuid.UUID, hash Hash) Decision {
	r.observed++
	return r.Find(uid, hash)
}

// Find decides about an instance that the listing omitted and that the provider found when it was asked
// for it. It counts as seen.
func (r *Reconciliation) Find(uid uuid.UUID, hash Hash) Decision {
	e := r.at(uid)
	if e.seen {
		return Duplicate
	}
	e.seen, e.hash = true, hash
	r.decide(e)
	return e.decision
}

// Fresh returns the instances to create, as far as is known. Those that are stored as gone or in
// another scope must be updated by Update.
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

// Decision returns the decision about an instance of the snapshot.
func (r *Reconciliation) Decision(uid uuid.UUID) Decision {
	if e := r.find(uid); e != nil {
		return e.decision
	}
	return Unchanged
}

// Missing returns the instances that are stored alive in the scope and were not seen, except those of
// which a newer observation is stored. It is correct only after the whole scope was observed.
func (r *Reconciliation) Missing() iter.Seq[uuid.UUID] {
	for r.loadMore() {
	}
	return func(yield func(uuid.UUID) bool) {
		for n := range r.entries {
			e := &r.entries[n]
			if !e.seen && e.stored.Fence <= r.fence && !yield(e.uid) {
				return
			}
		}
	}
}

// IsMissing reports whether an instance is stored alive in the scope and was not seen.
func (r *Reconciliation) IsMissing(uid uuid.UUID) bool {
	e := r.find(uid)
	return e != nil && !e.seen
}

// RecordEvidence stores the provider's answer about a missing instance. If there are several, the most
// conservative one wins.
func (r *Reconciliation) RecordEvidence(uid uuid.UUID, evidence Evidence) {
	if e := r.at(uid); e.evidence == NoEvidence || evidence > e.evidence {
		e.evidence = evidence
	}
}

// Evidence returns the provider's answer about a missing instance.
func (r *Reconciliation) Evidence(uid uuid.UUID) Evidence {
	if e := r.find(uid); e != nil {
		return e.evidence
	}
	return NoEvidence
}

// Alive returns the number of instances that are stored alive in the scope.
func (r *Reconciliation) Alive() (count int64) {
	for n := range r.entries {
		if e := &r.entries[n]; e.isStored && !e.stored.Gone && !e.stored.Elsewhere {
			count++
		}
	}
	return count
}

// Changes returns the numbers of changes of the instances of the snapshot. Those of missing instances
// are not included.
func (r *Reconciliation) Changes() Changes {
	return Changes{
		Created:    r.counts[Create],
		Changed:    r.counts[Change],
		Reappeared: r.counts[Reappear],
		Unchanged:  r.counts[Unchanged] + r.counts[Overtaken],
	}
}

// Observed returns the number of instances that were observed, with duplicates.
func (r *Reconciliation) Observed() int64 { return r.observed }
