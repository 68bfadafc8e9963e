package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// Store is the roll in Postgres. It is safe for concurrent use.
type Store struct {
	pool *pgxpool.Pool
	// applying has room for those that write whole snapshots: they keep at most
	// half of the connections busy, so that readers need not wait for them.
	applying chan struct{}
	// exporting has room for those that read all: an eighth of the connections.
	exporting chan struct{}
	// smallRoll is up to where a roll is small, in bytes.
	smallRoll int64
}

// New is the roll in the database of pool, which must be migrated and opened
// with Settings.
func New(pool *pgxpool.Pool) *Store {
	conns := pool.Config().MaxConns
	return &Store{
		pool:      pool,
		applying:  make(chan struct{}, max(1, conns/2)),
		exporting: make(chan struct{}, max(1, conns/8)),
		smallRoll: smallRoll,
	}
}

// Settings are those of each connection. Nothing may hang for ever; and a page
// is planned for the values that are asked for: how common they are decides
// which index serves it.
func Settings() map[string]string {
	return map[string]string{
		"application_name":                    "rollcall-inventory",
		"statement_timeout":                   "60s",
		"lock_timeout":                        "30s",
		"idle_in_transaction_session_timeout": "15s",
		"plan_cache_mode":                     "force_custom_plan",
		"jit":                                 "off",
	}
}

// Ready says why the roll can't be read now.
func (s *Store) Ready(ctx context.Context) error { return kit.Fault(s.pool.Ping(ctx)) }

// write runs fn in a transaction.
func (s *Store) write(ctx context.Context, fn func(pgx.Tx) error) error {
	return kit.Fault(pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, fn))
}

// read runs fn in a transaction that sees one state of the database throughout.
func (s *Store) read(ctx context.Context, fn func(pgx.Tx) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return kit.Fault(pgx.BeginTxFunc(ctx, s.pool, options, fn))
}
