package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/discovery/sync"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/query"
)

// runColumns name the text of the id, so that ORDER BY id means the column and its index.
const runColumns = ` id::text AS id_text, account, state, trigger, revision, create_time, start_time, end_time,
	scopes_total, scopes_done, scopes_failed, instances_seen, error, error_reason, remedy`

func scanRun(row pgx.Row, more ...any) (*sync.Run, error) {
	var (
		run        sync.Run
		start, end *time.Time
	)
	err := row.Scan(append([]any{&run.ID, &run.Account, &run.State, &run.Trigger, &run.Revision, &run.CreateTime, &start, &end,
		&run.ScopesTotal, &run.ScopesDone, &run.ScopesFailed, &run.InstancesSeen, &run.Error, &run.Reason, &run.Remedy}, more...)...)
	run.StartTime, run.EndTime = orZero(start), orZero(end)
	return &run, err
}

// Run returns a run with its scopes, or NotFound.
func (s *Store) Run(ctx context.Context, id string) (*sync.Run, error) {
	if uuid.Validate(id) != nil {
		return nil, runNotFound(id)
	}
	var run *sync.Run
	// The run and its scopes are of the same snapshot.
	err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var err error
		if run, err = scanRun(tx.QueryRow(ctx, `SELECT`+runColumns+` FROM sync_runs WHERE id = $1`, id)); err != nil {
			return err
		}
		run.Scopes, err = readScopes(ctx, tx, id)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, runNotFound(id)
	}
	return run, postgres.Fault(err)
}

// Revision returns the revision of a run, which grows with every change, or NotFound.
func (s *Store) Revision(ctx context.Context, id string) (int64, error) {
	if uuid.Validate(id) != nil {
		return 0, runNotFound(id)
	}
	var revision int64
	err := s.pool.QueryRow(ctx, `SELECT revision FROM sync_runs WHERE id = $1`, id).Scan(&revision)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, runNotFound(id)
	}
	return revision, postgres.Fault(err)
}

func readScopes(ctx context.Context, tx pgx.Tx, run string) ([]sync.ScopeResult, error) {
	const read = `
		SELECT kind, location, state, error, error_reason, start_time, end_time,
		       instances_seen, created, changed, gone, reappeared, requests, throttled, missing
		FROM sync_run_scopes WHERE run = $1
		ORDER BY kind DESC, location`
	rows, err := tx.Query(ctx, read, run)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (sync.ScopeResult, error) {
		var (
			r          sync.ScopeResult
			start, end *time.Time
		)
		err := row.Scan(&r.Kind, &r.Location, &r.State, &r.Error, &r.Reason, &start, &end,
			&r.InstancesSeen, &r.Created, &r.Changed, &r.Gone, &r.Reappeared, &r.Requests, &r.Throttled, &r.Missing)
		r.StartTime, r.EndTime = orZero(start), orZero(end)
		return r, err
	})
}

// runFields are the fields that a filter may name.
var runFields = query.New(
	query.Field{Path: "name", Column: "id", Type: query.UUID, Prefix: sync.RunName(""), Key: true},
	query.Field{Path: "account", Column: "account", Type: query.String, Prefix: "accounts/"},
	query.Field{Path: "state", Column: "state", Type: query.Enum("QUEUED", "RUNNING", "SUCCEEDED", "DEGRADED", "FAILED", "ABANDONED")},
	query.Field{Path: "trigger", Column: "trigger", Type: query.Enum("SCHEDULE", "REQUEST")},
	query.Field{Path: "create_time", Column: "create_time", Type: query.Timestamp},
	query.Field{Path: "start_time", Column: "start_time", Type: query.Timestamp, Nullable: true},
	query.Field{Path: "end_time", Column: "end_time", Type: query.Timestamp, Nullable: true},
	query.Field{Path: "error_reason", Column: "error_reason", Type: query.String},
)

// Runs returns one page of runs without their scopes, newest first, and the token of the
// next one.
func (s *Store) Runs(ctx context.Context, filter, token string, size int) (runs []*sync.Run, next string, err error) {
	return page(ctx, s, list[*sync.Run]{columns: runColumns, from: ` sync_runs`, fields: runFields, scan: scanRun}, filter, token, size)
}
