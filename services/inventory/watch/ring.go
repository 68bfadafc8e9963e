package watch

import (
	"slices"
	"sort"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// ring is the last piece of the log: all changes after first, up to last. Not for
// concurrent use.
type ring struct {
	first, last inventory.LogPlace
	events      []*Event // of consecutive revisions
	byAccount   map[string][]*Event
	bytes       int

	maxEvents, maxBytes int
}

// begin empties the ring and sets it to a place.
func (r *ring) begin(at inventory.LogPlace) {
	r.first, r.last, r.events, r.bytes = at, at, nil, 0
	r.byAccount = map[string][]*Event{}
}

// add appends the event that follows the last one, and forgets the oldest where
// there are too many.
func (r *ring) add(e *Event) {
	r.events = append(r.events, e)
	r.byAccount[e.After.Account] = append(r.byAccount[e.After.Account], e)
	r.bytes += e.size()
	r.last = e.LogPlace
	for len(r.events) > r.maxEvents || r.bytes > r.maxBytes && len(r.events) > 1 {
		r.forget()
	}
}

// forget drops the oldest event.
func (r *ring) forget() {
	oldest := r.events[0]
	r.events[0] = nil // the slice keeps its room until it grows
	r.events = r.events[1:]
	r.bytes -= oldest.size()
	r.first = oldest.LogPlace
	account := oldest.After.Account
	rest := r.byAccount[account]
	rest[0] = nil
	if rest = rest[1:]; len(rest) == 0 {
		delete(r.byAccount, account)
		return
	}
	r.byAccount[account] = rest
}

// reaches tells whether all that follows a place, and is in the ring's piece of
// the log or after it, will be found here.
func (r *ring) reaches(place inventory.LogPlace) bool {
	return r.byAccount != nil && place.Revision >= r.first.Revision
}

// holds tells whether a place within the ring is one of this log.
func (r *ring) holds(place inventory.LogPlace) bool {
	if !r.reaches(place) || place.Revision > r.last.Revision || place.Log != r.last.Log {
		return false
	}
	if place.Revision == r.first.Revision {
		return place.Is(r.first)
	}
	n := sort.Search(len(r.events), func(n int) bool { return r.events[n].Revision >= place.Revision })
	return n < len(r.events) && place.Is(r.events[n].LogPlace)
}

// after are at most so many events that follow a place that the ring reaches, of
// one account or of all (""), and the place to which that reaches.
func (r *ring) after(place inventory.LogPlace, account string, most int) ([]*Event, inventory.LogPlace) {
	events := r.events
	if account != "" {
		events = r.byAccount[account]
	}
	from := sort.Search(len(events), func(n int) bool { return events[n].Revision > place.Revision })
	if events = events[from:]; len(events) > most {
		return slices.Clone(events[:most]), events[most-1].LogPlace
	}
	if r.last.Revision > place.Revision {
		place = r.last
	}
	return slices.Clone(events), place
}
