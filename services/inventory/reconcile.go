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

// Decision is what one observation of an instance does to the roll.
type Decision int

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
// What is held may change until the snapshot is applied: Refresh takes in what
// newer observations of single instances wrote meanwhile, Resolve what is held
// of the instances that were not known in this scope.
type Reconciliation struct {
	fence   int64
	entries map[uuid.UUID]entry
	fresh   int
	dupes   int64
}

// entry is one instance that is held, observed or both.
type entry struct {
	held     Held
	isHeld   bool
	seen     bool
	decision Decision
	hash     Hash
}

// NewReconciliation compares a snapshot with this token. size is how many
// instances are expected; it only saves growing.
func NewReconciliation(fence int64, size int) *Reconciliation {
	return &Reconciliation{fence: fence, entries: make(map[uuid.UUID]entry, size)}
}

// Hold tells of one instance that the roll holds alive in the scope. All come
// before the first Observe.
func (r *Reconciliation) Hold(uid uuid.UUID, held Held) {
	r.entries[uid] = entry{held: held, isHeld: true}
}

// Observe takes one instance of the snapshot and says what it does. Create is
// for now: the instance may be held elsewhere, see Resolve.
func (r *Reconciliation) Observe(uid uuid.UUID, hash Hash) Decision {
	e := r.entries[uid]
	if e.seen {
		r.dupes++
		return Duplicate
	}
	e.seen, e.hash = true, hash
	e.decision = Decide(e.basis(), r.fence, hash)
	if e.decision == Create {
		r.fresh++
	}
	r.entries[uid] = e
	return e.decision
}

func (e *entry) basis() *Held {
	if !e.isHeld {
		return nil
	}
	return &e.held
}

// Refresh tells what a newer observation of a single instance wrote since Hold.
func (r *Reconciliation) Refresh(uid uuid.UUID, held Held) {
	e := r.entries[uid]
	if e.seen && e.decision == Create {
		r.fresh--
	}
	e.held, e.isHeld = held, true
	if e.seen {
		e.decision = Decide(&e.held, r.fence, e.hash)
	}
	r.entries[uid] = e
}

// Fresh are the instances to create, as far as is known.
func (r *Reconciliation) Fresh() []uuid.UUID {
	uids := make([]uuid.UUID, 0, r.fresh)
	for uid, e := range r.entries {
		if e.seen && e.decision == Create {
			uids = append(uids, uid)
		}
	}
	return uids
}

// Resolve tells what is held of a fresh instance after all: it was gone, or
// stood in another scope, from which it moves here.
func (r *Reconciliation) Resolve(uid uuid.UUID, held Held) {
	e := r.entries[uid]
	if !e.seen || e.decision != Create {
		return
	}
	r.fresh--
	e.held, e.isHeld = held, true
	e.decision = Decide(&e.held, r.fence, e.hash)
	r.entries[uid] = e
}

// Decision is what the snapshot does to an instance that it brought.
func (r *Reconciliation) Decision(uid uuid.UUID) Decision { return r.entries[uid].decision }

// Absent are the instances that are held alive and that the snapshot lacks,
// leaving out those of which a newer observation is held. Good only once the
// scope was observed to the end.
func (r *Reconciliation) Absent() iter.Seq[uuid.UUID] {
	return func(yield func(uuid.UUID) bool) {
		for uid, e := range r.entries {
			if e.isHeld && !e.seen && !e.held.Gone && e.held.Fence <= r.fence && !yield(uid) {
				return
			}
		}
	}
}

// Changes counts what the snapshot does to the instances that it brought. Gone
// ones are not among them: see Absent.
func (r *Reconciliation) Changes() Changes {
	var c Changes
	for _, e := range r.entries {
		switch {
		case !e.seen:
		case e.decision == Create:
			c.Created++
		case e.decision == Change:
			c.Changed++
		case e.decision == Reappear:
			c.Reappeared++
		default:
			c.Unchanged++
		}
	}
	return c
}

// Observed is how many instances the snapshot brought, duplicates included.
func (r *Reconciliation) Observed() int64 {
	n := r.dupes
	for _, e := range r.entries {
		if e.seen {
			n++
		}
	}
	return n
}
