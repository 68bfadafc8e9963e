package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// DB is the database of the inventory. It is safe for concurrent use.
type DB struct {
	Pool *pgxpool.Pool
}

// New returns the database of a pool, which must be migrated and opened with Settings.
func New(pool *pgxpool.Pool) *DB { return &DB{Pool: pool} }

// Settings returns the settings of each connection. No statement may run forever. Pages are planned for
// the values of the request, because how common they are decides which index serves them.
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

// LargeStatementSQL gives a transaction that writes or reads a whole scope more time.
const LargeStatementSQL = `SET LOCAL statement_timeout = '10min'`

// Ready returns why the database can't be reached now; nil if it can.
func (d *DB) Ready(ctx context.Context) error { return kit.Fault(d.Pool.Ping(ctx)) }

// Write runs fn in a transaction.
func (d *DB) Write(ctx context.Context, fn func(pgx.Tx) error) error {
	return kit.Fault(pgx.BeginTxFunc(ctx, d.Pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, fn))
}

// Read runs fn in a transaction that sees one state of the database throughout.
func (d *DB) Read(ctx context.Context, fn func(pgx.Tx) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return kit.Fault(pgx.BeginTxFunc(ctx, d.Pool, options, fn))
}

// UIDs returns UUIDs in the form that pgx encodes without a call of their Value method.
func UIDs(uids []uuid.UUID) [][16]byte {
	ids := make([][16]byte, len(uids))
	for n, uid := range uids {
		ids[n] = uid
	}
	return ids
}
