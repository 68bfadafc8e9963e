package read

import (
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// Store reads the inventory. It is safe for concurrent use.
type Store struct {
	db *postgres.DB
	// exporting limits the exports at once to an eighth of the connections.
	exporting chan struct{}
	// smallBytes is the size up to which the table of instances counts as small.
	smallBytes int64
}

var _ inventory.Reader = (*Store)(nil)

// New returns a store in a database. smallBytes is the size up to which the table of instances counts as small; see
// SmallBytes.
func New(db *postgres.DB, smallBytes int64) *Store {
	return &Store{
		db:         db,
		exporting:  make(chan struct{}, max(1, db.Pool.Config().MaxConns/8)),
		smallBytes: smallBytes,
	}
}
