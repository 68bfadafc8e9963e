package write

import (
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/ingest"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// Store writes observations. It is safe for concurrent use.
type Store struct {
	db *postgres.DB
	// applying limits the snapshots that are written at once to half of the connections, so that
	// readers do not wait for them.
	applying chan struct{}
}

var _ ingest.Store = (*Store)(nil)

// New returns a store in a database.
func New(db *postgres.DB) *Store {
	return &Store{db: db, applying: make(chan struct{}, max(1, db.Pool.Config().MaxConns/2))}
}

// Stage returns an empty stage.
func (s *Store) Stage(obs inventory.Observation, single bool) ingest.Stage {
	fence := obs.Fence
	if single {
		fence = obs.Until()
	}
	return &stage{encoder: encoder{scope: obs.Scope.UID(), fence: fence, time: obs.Time, single: single}}
}
