package log

import "github.com/rollcall-dev/rollcall/services/inventory/postgres"

// Store is the log of changes in Postgres. It is safe for concurrent use.
type Store struct{ db *postgres.DB }

// New returns the log in a database.
func New(db *postgres.DB) *Store { return &Store{db: db} }
