package providerkit

import (
	"fmt"
	"hash/maphash"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

const (
	// maxScopeInstances bounds a scope. The largest known regions of one account have some hundred
	// thousand instances.
	maxScopeInstances = 2_000_000
	// maxStalePages is how many pages in a row may contain nothing new. Clouds may send some empty
	// pages before the last one (AIP-158).
	maxStalePages = 20
)

// PaginationGuard detects listings that never end: pages without anything new, or more instances
// than any account has. It needs 8 bytes of memory for each instance, and some overhead.
type PaginationGuard struct {
	seed  maphash.Seed
	seen  map[uint64]struct{}
	sent  int64
	stale int
	// limit is maxScopeInstances, except in tests.
	limit int64
}

// NewPaginationGuard returns a guard for one listing.
func NewPaginationGuard() *PaginationGuard {
	return &PaginationGuard{seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}, limit: maxScopeInstances}
}

// Page counts one page. It returns a fault if the page can't be part of a listing that ends.
func (g *PaginationGuard) Page(instances []provider.Instance) error {
	before := len(g.seen)
	for i := range instances {
		if instances[i].ProviderID == "" {
			return provider.InvalidAnswer("the cloud's answer contains an instance without an id")
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
		return provider.InvalidAnswer(fmt.Sprintf("the cloud's listing does not end: %d pages in a row contained nothing new", g.stale))
	case g.sent > g.limit:
		return provider.InvalidAnswer(fmt.Sprintf("the cloud's listing does not end: more than %d instances in one scope", g.limit))
	}
	return nil
}

// Sent returns how many instances were on the pages. An instance on two pages counts twice.
func (g *PaginationGuard) Sent() int64 { return g.sent }

// Has reports whether an instance was on a page.
func (g *PaginationGuard) Has(id string) bool {
	_, seen := g.seen[maphash.String(g.seed, id)]
	return seen
}
