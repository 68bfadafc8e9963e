package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/query"
)

const operationColumns = ` o.id::text, o.verb, o.batch, o.state, o.user_name, o.user_source, o.address, o.user_agent, o.reason,
	coalesce(o.request_id::text, ''), o.request_hash, o.filter, o.keep_stopped, o.max_parallel, o.oldest_observe_time,
	o.unreachable, o.revision, o.create_time, o.start_time, o.end_time, o.deadline, o.cancel_time, tally.*`

// operationTables is the table of operations, with the counts of their targets.
const operationTables = ` operations o CROSS JOIN LATERAL (
	SELECT count(*), count(*) FILTER (WHERE t.state IN ('PENDING', 'CHECKING')), count(*) FILTER (WHERE t.state IN ('CALLED', 'WAITING')),
	       count(*) FILTER (WHERE t.state = 'SUCCEEDED'), count(*) FILTER (WHERE t.state = 'SUCCEEDED' AND already),
	       count(*) FILTER (WHERE t.state = 'FAILED'), count(*) FILTER (WHERE t.state = 'CANCELLED'),
	       count(*) FILTER (WHERE t.state = 'UNKNOWN')
	FROM operation_targets t WHERE t.operation = o.id) AS tally`

func scanOperation(row pgx.Row, more ...any) (*operation.Operation, error) {
	var (
		o                          operation.Operation
		oldest, start, end, cancel *time.Time
	)
	err := row.Scan(append([]any{
		&o.ID, &o.Verb, &o.Batch, &o.State, &o.User, &o.Source, &o.Address, &o.UserAgent, &o.Reason,
		&o.RequestID, &o.RequestHash, &o.Filter, &o.KeepStopped, &o.MaxParallel, &oldest,
		&o.Unreachable, &o.Revision, &o.CreateTime, &start, &end, &o.Deadline, &cancel,
		&o.Tally.Total, &o.Tally.Pending, &o.Tally.Running, &o.Tally.Succeeded, &o.Tally.Already,
		&o.Tally.Failed, &o.Tally.Cancelled, &o.Tally.Unknown,
	}, more...)...)
	o.OldestObserveTime, o.StartTime, o.EndTime, o.CancelTime = orZero(oldest), orZero(start), orZero(end), orZero(cancel)
	return &o, err
}

// Operation returns an operation with its targets, or NotFound.
func (s *Store) Operation(ctx context.Context, id string) (*operation.Operation, error) {
	return s.OperationSince(ctx, id, 0)
}

// OperationSince returns an operation with the targets that changed after a revision of it.
func (s *Store) OperationSince(ctx context.Context, id string, revision int64) (*operation.Operation, error) {
	if uuid.Validate(id) != nil {
		return nil, operationNotFound(id)
	}
	var o *operation.Operation
	// The operation and its targets are of the same snapshot.
	err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var err error
		o, err = scanOperation(tx.QueryRow(ctx, `SELECT`+operationColumns+` FROM`+operationTables+` WHERE o.id = $1`, id))
		if err != nil {
			return err
		}
		o.Targets, err = readTargets(ctx, tx, id, revision)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, operationNotFound(id)
	}
	return o, postgres.Fault(err)
}

// OperationByRequest returns the operation of a request, or NotFound.
func (s *Store) OperationByRequest(ctx context.Context, requestID string) (*operation.Operation, error) {
	var id string
	err := s.pool.QueryRow(ctx, `SELECT id::text FROM operations WHERE request_id = $1`, requestID).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, operationNotFound(requestID)
	}
	if err != nil {
		return nil, postgres.Fault(err)
	}
	return s.Operation(ctx, id)
}

// OperationRevision returns the revision of an operation, which grows with every change, and
// whether the operation has ended; or NotFound.
func (s *Store) OperationRevision(ctx context.Context, id string) (revision int64, ended bool, err error) {
	if uuid.Validate(id) != nil {
		return 0, false, operationNotFound(id)
	}
	err = s.pool.QueryRow(ctx, `SELECT revision, state = 'ENDED' FROM operations WHERE id = $1`, id).Scan(&revision, &ended)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, operationNotFound(id)
	}
	return revision, ended, postgres.Fault(err)
}

func readTargets(ctx context.Context, tx pgx.Tx, id string, revision int64) ([]*operation.Target, error) {
	const read = `
		SELECT place, instance, account, provider, kind, location, provider_id, provider_uri, display_name, zone, etag, state,
		       coalesce(exclusive, ''), unit, key::text, already, from_state, current_state, provider_state, observe_time,
		       calls, extract(epoch FROM clock_timestamp() - call_time)::float8, reference,
		       refusal_reason, refusal_message, refusal_remedy, refusal_transient, notes, steps, revision
		FROM operation_targets WHERE operation = $1 AND revision > $2
		ORDER BY place`
	rows, err := tx.Query(ctx, read, id, revision)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (*operation.Target, error) {
		var (
			t        operation.Target
			observed *time.Time
			age      *float64
			refusal  fault.Error
			steps    []byte
		)
		err := row.Scan(&t.Index, &t.Instance, &t.Account, &t.Provider, &t.Kind, &t.Location, &t.ProviderID, &t.ProviderURI,
			&t.DisplayName, &t.Zone, &t.Etag, &t.State, &t.Exclusive, &t.Unit, &t.Key, &t.Already, &t.FromState, &t.CurrentState,
			&t.ProviderState, &observed, &t.Calls, &age, &t.Reference,
			&refusal.Reason, &refusal.Message, &refusal.Remedy, &refusal.Retryable, &t.Notes, &steps, &t.Revision)
		if err != nil {
			return nil, err
		}
		t.ObserveTime = orZero(observed)
		if age != nil { // By the clock of this process, which measures how long to wait.
			t.CallTime = time.Now().Add(-time.Duration(*age * float64(time.Second)))
		}
		if refusal.Reason != "" {
			t.Refusal = &refusal
		}
		return &t, json.Unmarshal(steps, &t.Steps)
	})
}

func stepsOf(t *operation.Target) []byte {
	steps := t.Steps
	if steps == nil {
		steps = []operation.Step{}
	}
	text, err := json.Marshal(steps)
	if err != nil { // Times and texts can always be encoded.
		return []byte("[]")
	}
	return text
}

// operationFields are the fields that a filter may name.
var operationFields = query.New(
	query.Field{Path: "name", Column: "o.id", Type: query.UUID, Prefix: operation.Name(""), Key: true},
	query.Field{Path: "done", Column: "(o.state = 'ENDED')", Type: query.Bool},
	query.Field{Path: "verb", Column: "o.verb", Type: query.Enum("START", "STOP")},
	query.Field{Path: "state", Column: "o.state", Type: query.Enum("QUEUED", "RUNNING", "ENDED")},
	query.Field{Path: "reason", Column: "o.reason", Type: query.String},
	query.Field{Path: "request_id", Column: "o.request_id", Type: query.UUID, Nullable: true},
	query.Field{Path: "user", Column: "o.user_name", Type: query.String},
	query.Field{Path: "address", Column: "o.address", Type: query.String},
	query.Field{Path: "keep_stopped", Column: "o.keep_stopped", Type: query.Bool},
	query.Field{Path: "create_time", Column: "o.create_time", Type: query.Timestamp},
	query.Field{Path: "start_time", Column: "o.start_time", Type: query.Timestamp, Nullable: true},
	query.Field{Path: "end_time", Column: "o.end_time", Type: query.Timestamp, Nullable: true},
	query.Field{Path: "instance", Column: targetsOf("instance"), Type: query.StringList, Prefix: operation.InstanceName("")},
	query.Field{Path: "account", Column: targetsOf("account"), Type: query.StringList, Prefix: "accounts/"},
)

// targetsOf returns the SQL of the values that the targets of an operation have in a column.
func targetsOf(column string) string {
	return `ARRAY(SELECT ` + column + ` FROM operation_targets WHERE operation = o.id)`
}

// Operations returns one page of operations without their targets, newest first, and the
// token of the next one.
func (s *Store) Operations(
	ctx context.Context, filter, token string, size int,
) (operations []*operation.Operation, next string, err error) {
	return page(ctx, s, list[*operation.Operation]{
		columns: operationColumns, from: operationTables, fields: operationFields, scan: scanOperation,
	}, filter, token, size)
}
