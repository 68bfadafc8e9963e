package changefeed

import (
	"slices"
	"sort"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// ring has the latest part of the log: all changes after first, up to last. It is not safe for concurrent use.
type ring struct {
	first, last inventory.LogPosition
	events      []*Event // of consecutive revisions
	byAccount   map[string][]*Event
	bytes       int

	maxEvents, maxBytes int
}

// started reports whether the ring has a position.
func (r *ring) started() bool { return r.byAccount != nil }

// start empties the ring and sets it to a position.
func (r *ring) start(at inventory.LogPosition) {
	r.first, r.last, r.events, r.bytes = at, at, nil, 0
	r.byAccount = map[string][]*Event{}
}

// stop empties the ring and takes its position away.
func (r *ring) stop() { r.events, r.byAccount = nil, nil }

// add appends the event after the last one, and drops the oldest events if there are too many.
func (r *ring) add(e *Event) {
	r.events = append(r.events, e)
	r.byAccount[e.After.Account] = append(r.byAccount[e.After.Account], e)
	r.bytes += e.size()
	r.last = e.LogPosition
	for len(r.events) > r.maxEvents || r.bytes > r.maxBytes && len(r.events) > 1 {
		r.dropOldest()
	}
}

func (r *ring) dropOldest() {
	oldest := r.events[0]
	r.events[0] = nil // the array stays until the slice grows
	r.events = r.events[1:]
	r.bytes -= oldest.size()
	r.first = oldest.LogPosition
	account := oldest.After.Account
	rest := r.byAccount[account]
	rest[0] = nil
	if rest = rest[1:]; len(rest) == 0 {
		delete(r.byAccount, account)
		return
	}
	r.byAccount[account] = rest
}

// reaches reports whether all changes after a position are in the ring, or will be.
func (r *ring) reaches(position inventory.LogPosition) bool {
	return r.started() && position.Revision >= r.first.Revision
}

// has reports whether a position is in the ring and is of the same log.
func (r *ring) has(position inventory.LogPosition) bool {
	if !r.reaches(position) || position.Revision > r.last.Revision || position.Log != r.last.Log {
		return false
	}
	if position.Revision == r.first.Revision {
		return position.Equal(r.first)
	}
	n := sort.Search(len(r.events), func(n int) bool { return r.events[n].Revision >= position.Revision })
	return n < len(r.events) && position.Equal(r.events[n].LogPosition)
}

// after returns at most limit events after a position that the ring reaches, of one account or of all (""), and the
// position up to which they are complete.
func (r *ring) after(position inventory.LogPosition, account string, limit int) ([]*Event, inventory.LogPosition) {
	events := r.events
	if account != "" {
		events = r.byAccount[account]
	}
	from := sort.Search(len(events), func(n int) bool { return events[n].Revision > position.Revision })
	if events = events[from:]; len(events) > limit {
		return slices.Clone(events[:limit]), events[limit-1].LogPosition
	}
	if r.last.Revision > position.Revision {
		position = r.last
	}
	return slices.Clone(events), position
}
