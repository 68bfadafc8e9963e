package sync

import (
	"fmt"
	"hash/maphash"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

const (
	// maxScopeInstances bounds a scope. The largest known regions of one account
	// hold some hundred thousand.
	maxScopeInstances = 2_000_000
	// maxStalePages is how many pages in a row may bring nothing new. Clouds do
	// send empty pages before the last one (AIP-158 allows it), a few.
	maxStalePages = 20
)

// guard finds listings that never end: pages that bring nothing new, or more
// instances than any account has. Its memory is 8 bytes an instance and change.
type guard struct {
	seed  maphash.Seed
	seen  map[uint64]struct{}
	sent  int64
	stale int
}

func newGuard() *guard {
	return &guard{seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}}
}

// page counts one page, and refuses it when it makes no sense.
func (g *guard) page(instances []provider.Instance) error {
	before := len(g.seen)
	for i := range instances {
		if instances[i].ProviderID == "" {
			return provider.InvalidAnswer("the cloud's answer holds an instance without an id")
		}
		g.seen[maphash.String(g.seed, instances[i].ProviderID)] = struct{}{}
	}
	g.sent += int64(len(instances))
	g.stale++
	if len(g.seen) > before {
		g.stale = 0
	}
	switch {
	case g.stale > maxStalePages:
		return provider.InvalidAnswer(fmt.Sprintf("the cloud's listing goes in circles: %d pages in a row brought nothing new", g.stale))
	case g.sent > maxScopeInstances:
		return provider.InvalidAnswer(fmt.Sprintf("the cloud's listing does not end: more than %d instances in one scope", maxScopeInstances))
	}
	return nil
}

// has tells whether an instance was on a page.
func (g *guard) has(id string) bool {
	_, seen := g.seen[maphash.String(g.seed, id)]
	return seen
}
