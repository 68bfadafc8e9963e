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

// silence is how long a transaction may go without a word before Postgres ends
// it: a worker that was stopped in the middle of one would hold its locks for
// ever, and with them everyone who wants to take over from it.
const silence = "5s"

// Open is a pool on the migrated schema. It waits for a database that is
// starting.
func Open(ctx context.Context, url string, maxConns int32, logger *slog.Logger) (*pgxpool.Pool, error) {
	pool, err := postgres.Open(ctx, postgres.Options{
		URL: url, Schema: Schema, MaxConns: maxConns, Logger: logger, Settings: map[string]string{"idle_in_transaction_session_timeout": silence},
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

// Queue brings runs to workers.
type Queue interface {
	// Enqueue adds a job for each run within tx, and gives their ids in the same
	// order.
	Enqueue(ctx context.Context, tx pgx.Tx, runs []QueuedRun) ([]int64, error)
	// EnqueueOperation adds a job for an operation within tx, to be worked after a
	// while, and gives its id.
	EnqueueOperation(ctx context.Context, tx pgx.Tx, operation string, after time.Duration) (int64, error)
}

// QueuedRun is a run that waits for a worker.
type QueuedRun struct {
	Run, Account string
	// Slow runs are worked apart; see discovery.Limits.
	Slow bool
}

// Store holds runs and schedules.
type Store struct {
	pool  *pgxpool.Pool
	queue Queue
}

// New is a store on a migrated database.
func New(pool *pgxpool.Pool, queue Queue) *Store {
	return &Store{pool: pool, queue: queue}
}

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return postgres.Fault(s.pool.Ping(ctx))
}

// NextToken is a fencing token larger than any before.
func (s *Store) NextToken(ctx context.Context) (int64, error) {
	var token int64
	err := s.pool.QueryRow(ctx, `SELECT nextval('fencing_token_seq')`).Scan(&token)
	return token, postgres.Fault(err)
}

// inTx runs do in one transaction.
func (s *Store) inTx(ctx context.Context, do func(pgx.Tx) error) error {
	return postgres.Fault(pgx.BeginFunc(ctx, s.pool, do))
}

// texts are the rows of a query of one column.
func (s *Store) texts(ctx context.Context, sql string, args ...any) ([]string, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return all, postgres.Fault(err)
}

// newRunID is a UUIDv7: ids grow with time.
func newRunID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	return id.String(), nil
}

// runNotFound is the fault of a run that is not there. Ids come from resource
// names, so anything may stand in one.
func runNotFound(id string) error { return fault.NotFound("syncRuns/" + id) }
