package changefeed

import (
	"sync"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// Event is a change that is sent to many watchers.
type Event struct {
	inventory.LoggedChange

	before, after *inventory.Row

	once sync.Once
	body []byte
}

func newEvent(change inventory.LoggedChange) *Event {
	return &Event{LoggedChange: change, before: inventory.RowOf(change.Before), after: inventory.RowOf(change.After)}
}

// newEvents returns the events of a page of the log.
func newEvents(page inventory.LogPage) []*Event {
	events := make([]*Event, len(page.Changes))
	for n := range page.Changes {
		events[n] = newEvent(page.Changes[n])
	}
	return events
}

// Body returns the part of the message that is the same for all watchers. It is encoded once.
func (e *Event) Body(encode func(*Event) []byte) []byte {
	e.once.Do(func() { e.body = encode(e) })
	return e.body
}

// matches reports whether the filter matches the instance before or after the change.
func (e *Event) matches(filter *query.Filter) bool {
	return filter.Match(e.after) || e.before != nil && filter.Match(e.before)
}

// size returns about how many bytes the event takes.
func (e *Event) size() int {
	const fixed = 2 << 10 // structs, times and the overhead of maps
	size := fixed
	for _, i := range []*inventory.Instance{e.Before, e.After} {
		if i == nil {
			continue
		}
		texts := len(i.ProviderID) + len(i.ProviderURI) + len(i.DisplayName)
		for key, value := range i.Labels {
			texts += len(key) + len(value) + 48
		}
		for _, list := range [][]string{i.PrivateIPs, i.PublicIPs} {
			for _, text := range list {
				texts += len(text) + 16
			}
		}
		size += 2 * texts // the instance, and its share of the body
	}
	return size
}
