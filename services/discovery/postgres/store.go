package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-dev/rollcall/migrations"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// Schema is the schema of the discovery service.
const Schema = "discovery"

// idleTransaction is how long a transaction may be idle before Postgres ends it. Without
// it, a worker that is stopped in a transaction would hold its locks for ever, and no other
// worker could take over from it.
const idleTransaction = "5s"

// Open migrates the schema and returns a pool on it. It waits for a database that is
// starting.
func Open(ctx context.Context, url string, maxConns int32, logger *slog.Logger) (*pgxpool.Pool, error) {
	pool, err := postgres.Open(ctx, postgres.Options{
		URL: url, Schema: Schema, MaxConns: maxConns, Logger: logger, Settings: map[string]string{"idle_in_transaction_session_timeout": idleTransaction},
	})
	if err != nil {
		return nil, err
	}
	if err := postgres.Migrate(ctx, url, migrations.Discovery(), Schema); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// Queue delivers runs and operations to workers.
type Queue interface {
	// Enqueue adds a job for each run in tx, and returns their ids in the same order.
	Enqueue(ctx context.Context, tx pgx.Tx, runs []QueuedRun) ([]int64, error)
	// EnqueueOperation adds a job for an operation in tx, to be run after a while, and
	// returns its id.
	EnqueueOperation(ctx context.Context, tx pgx.Tx, operation string, after time.Duration) (int64, error)
}

// QueuedRun is a run that waits for a worker.
type QueuedRun struct {
	Run, Account string
	// Slow runs have workers of their own; see sync.Limits.
	Slow bool
}

// Store stores everything of the discovery service.
type Store struct {
	pool  *pgxpool.Pool
	queue Queue
}

// New returns a store on a migrated database.
func New(pool *pgxpool.Pool, queue Queue) *Store {
	return &Store{pool: pool, queue: queue}
}

// Ping returns an error if the database does not answer.
func (s *Store) Ping(ctx context.Context) error {
	return postgres.Fault(s.pool.Ping(ctx))
}

// NextToken returns a fencing token larger than any before.
func (s *Store) NextToken(ctx context.Context) (int64, error) {
	var token int64
	err := s.pool.QueryRow(ctx, `SELECT nextval('fencing_token_seq')`).Scan(&token)
	return token, postgres.Fault(err)
}

// inTx runs do in one transaction.
func (s *Store) inTx(ctx context.Context, do func(pgx.Tx) error) error {
	return postgres.Fault(pgx.BeginFunc(ctx, s.pool, do))
}

// texts returns the rows of a query of one column.
func (s *Store) texts(ctx context.Context, sql string, args ...any) ([]string, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return all, postgres.Fault(err)
}

// newID returns a UUIDv7: ids grow with time.
func newID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("generate an id: %w", err)
	}
	return id.String(), nil
}

// runNotFound returns the error of a run that does not exist. Ids come from resource names,
// so they may be any text.
func runNotFound(id string) error { return fault.NotFound("syncRuns/" + id) }

// orZero returns a time, or zero for null.
func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// orNull returns a time, or null for zero.
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// textOrNull returns a text, or null for "".
func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
