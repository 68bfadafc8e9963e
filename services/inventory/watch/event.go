package watch

import (
	"sync"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// Event is a change that many watchers are told of.
type Event struct {
	inventory.LoggedChange

	before, after *inventory.Row

	once sync.Once
	body []byte
}

func newEvent(change inventory.LoggedChange) *Event {
	return &Event{LoggedChange: change, before: inventory.RowOf(change.Before), after: inventory.RowOf(change.After)}
}

// Body is what of the message is the same for all watchers, made once.
func (e *Event) Body(encode func(*Event) []byte) []byte {
	e.once.Do(func() { e.body = encode(e) })
	return e.body
}

// concerns tells whether a watcher with this filter is told: it matches what the
// change left, or what it found.
func (e *Event) concerns(filter *query.Filter) bool {
	return filter.Match(e.after) || e.before != nil && filter.Match(e.before)
}

// size is about how many bytes the event keeps.
func (e *Event) size() int {
	const fixed = 2 << 10 // structs, times, what maps take beside their texts
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
