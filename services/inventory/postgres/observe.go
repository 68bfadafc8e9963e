package postgres

import (
	"runtime"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// Observe takes instances of the scope, best some hundred at a time. It makes them
// clean, and sets what belongs to the scope: account, provider, kind, UID. It
// keeps nothing of them.
func (s *Snapshot) Observe(instances ...inventory.Instance) error {
	s.adopt(instances)
	for n := range instances {
		if err := s.take(&instances[n], s.reconciliation.Observe); err != nil {
			return err
		}
	}
	return s.loading.err
}

// leastShare is how many instances are worth a goroutine.
const leastShare = 64

// adopt adopts instances on all processors: hashing them is most of the work of a
// re-read without news.
func (s *Snapshot) adopt(instances []inventory.Instance) {
	share := max(leastShare, len(instances)/runtime.GOMAXPROCS(0)+1)
	var shares sync.WaitGroup
	for part := range slices.Chunk(instances, share) {
		shares.Go(func() {
			var hasher inventory.Hasher
			for n := range part {
				s.obs.Adopt(&part[n], &hasher)
			}
		})
	}
	shares.Wait()
}

// take decides on an instance that was adopted, and sets it aside when it is to be
// written.
func (s *Snapshot) take(i *inventory.Instance, decide func(uuid.UUID, inventory.Hash) inventory.Decision) error {
	switch decide(i.UID, i.Hash) {
	case inventory.Create, inventory.Change, inventory.Reappear:
		return s.spool.add(func(b []byte) []byte { return s.encoder.row(b, i) })
	default:
		return nil
	}
}
