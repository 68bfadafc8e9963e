package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// applyLimitSQL lets a large snapshot take longer than other statements.
const applyLimitSQL = `SET LOCAL statement_timeout = '10min'`

// Complete applies the snapshot in one transaction, with what was heard of the
// absent ones. Errors: ABORTED with inventory.ReasonStale when a newer
// observation overtook it. After an error nothing is changed.
func (s *Snapshot) Complete(ctx context.Context) (inventory.Changes, error) {
	select {
	case s.store.applying <- struct{}{}:
		defer func() { <-s.store.applying }()
	case <-ctx.Done():
		return inventory.Changes{}, ctx.Err()
	}
	var changes inventory.Changes
	err := s.store.write(ctx, func(tx pgx.Tx) error {
		var err error
		changes, err = s.apply(ctx, tx)
		return err
	})
	if err != nil {
		return inventory.Changes{}, err
	}
	s.applied = true
	return changes, nil
}

func (s *Snapshot) apply(ctx context.Context, tx pgx.Tx) (inventory.Changes, error) {
	scope, err := lockScope(ctx, tx, s.obs.Scope)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && (scope.claim == nil || *scope.claim != s.claim) {
		return inventory.Changes{}, stale(s.obs)
	}
	if err != nil {
		return inventory.Changes{}, err
	}
	if scope.singleFence >= s.obs.Fence {
		if err := s.refresh(ctx, tx); err != nil {
			return inventory.Changes{}, err
		}
	}
	var gone []uuid.UUID
	var missing int64
	for uid := range s.reconciliation.Absent() {
		switch s.reconciliation.Evidence(uid) {
		case inventory.NotFound, inventory.Unlisted:
			gone = append(gone, uid)
		default:
			missing++
		}
	}
	w := writer{tx: tx, obs: s.obs, reconciliation: s.reconciliation, spool: &s.spool}
	changes, err := w.write(ctx, gone)
	if err != nil {
		return inventory.Changes{}, err
	}
	if changes.Missing = missing; missing > 0 {
		changes.MissingReason = "the cloud could not tell of all that the listing lacked"
	}
	return changes, s.finish(ctx, tx, changes, w.moved)
}

const refreshHeldSQL = loadHeldSQL + ` AND fence >= $2`

// refresh takes in what newer observations of single instances wrote since the
// snapshot began.
func (s *Snapshot) refresh(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, refreshHeldSQL, s.scope, s.obs.Fence)
	if err != nil {
		return err
	}
	return eachHeld(rows, s.reconciliation.Hold)
}

// A failure that was reported by a newer attempt stays.
const finishScopeSQL = `
	UPDATE scopes SET
		fence = $2, last_complete_time = $3, claim = NULL, claim_fence = NULL,
		instance_count = instance_count + $4,
		attempt_fence = GREATEST(attempt_fence, $2),
		last_attempt_time = CASE WHEN attempt_fence > $2 THEN last_attempt_time ELSE $3 END,
		last_error = CASE WHEN attempt_fence > $2 THEN last_error ELSE '' END,
		last_error_reason = CASE WHEN attempt_fence > $2 THEN last_error_reason ELSE '' END
	WHERE uid = $1`

// finish writes down that the scope was observed to the end.
func (s *Snapshot) finish(ctx context.Context, tx pgx.Tx, changes inventory.Changes, moved int64) error {
	more := changes.Created + changes.Reappeared + moved - changes.Gone
	if _, err := tx.Exec(ctx, finishScopeSQL, s.scope, s.obs.Fence, s.obs.Time, more); err != nil {
		return err
	}
	return dropStandIns(ctx, tx, s.obs.Scope)
}

// writer applies decisions to the table of instances, within a transaction that
// holds the lock of their scope.
type writer struct {
	tx             pgx.Tx
	obs            inventory.Observation
	reconciliation *inventory.Reconciliation
	spool          *spool
	// moved counts the instances that came from other scopes.
	moved int64
}

// write brings the table to what the reconciliation decided, and marks absent
// ones as gone.
func (w *writer) write(ctx context.Context, absent []uuid.UUID) (inventory.Changes, error) {
	if w.spool.rows > 0 {
		if _, err := w.tx.Exec(ctx, applyLimitSQL); err != nil {
			return inventory.Changes{}, err
		}
	}
	if err := w.resolve(ctx); err != nil {
		return inventory.Changes{}, err
	}
	changes := w.reconciliation.Changes()
	if changes.Created > 0 {
		if err := w.insert(ctx); err != nil {
			return inventory.Changes{}, err
		}
	}
	if changes.Changed+changes.Reappeared > 0 {
		if err := w.update(ctx); err != nil {
			return inventory.Changes{}, err
		}
	}
	changes.Gone = int64(len(absent))
	return changes, w.markGone(ctx, absent)
}

const insertSQL = `COPY instances (` + copyColumns + `) FROM STDIN WITH (FORMAT binary)`

// insert copies the rows of new instances straight into the table: half as dear
// as by way of another.
func (w *writer) insert(ctx context.Context) error {
	return w.copy(ctx, insertSQL, inventory.Create)
}

// The staging table belongs to the connection and is emptied by each commit:
// making one each time would litter the catalogue.
const (
	stageSQL = `
		CREATE TEMPORARY TABLE IF NOT EXISTS staged_instances (LIKE instances)
		ON COMMIT DELETE ROWS`

	copyStagedSQL = `COPY staged_instances (` + copyColumns + `) FROM STDIN WITH (FORMAT binary)`

	updateSQL = `
		UPDATE instances i SET
			scope = n.scope, fence = n.fence, change_time = n.change_time, content_hash = n.content_hash,
			provider = n.provider, provider_uri = n.provider_uri, display_name = n.display_name,
			region = n.region, zone = n.zone, state = n.state, provider_state = n.provider_state,
			machine_type = n.machine_type, private_ips = n.private_ips, public_ips = n.public_ips,
			labels = n.labels, details = n.details, create_time = n.create_time,
			observe_time = GREATEST(n.observe_time, i.observe_time), gone_time = NULL
		FROM staged_instances n WHERE i.uid = n.uid`
)

// update writes the rows of changed and reappeared instances.
func (w *writer) update(ctx context.Context) error {
	if _, err := w.tx.Exec(ctx, stageSQL); err != nil {
		return err
	}
	if err := w.copy(ctx, copyStagedSQL, inventory.Change, inventory.Reappear); err != nil {
		return err
	}
	_, err := w.tx.Exec(ctx, updateSQL)
	return err
}

// copy sends the spooled rows of these decisions.
func (w *writer) copy(ctx context.Context, sql string, decisions ...inventory.Decision) error {
	data, err := w.spool.copyData(func(uid uuid.UUID) bool {
		return slices.Contains(decisions, w.reconciliation.Decision(uid))
	})
	if err != nil {
		return err
	}
	_, err = w.tx.Conn().PgConn().CopyFrom(ctx, data, sql)
	return err
}

const markGoneSQL = `
	UPDATE instances SET state = 'GONE', gone_time = $3, change_time = $3, fence = $4
	WHERE uid = ANY ($1) AND scope = $2 AND gone_time IS NULL`

// markGone marks the instances that a complete observation lacked.
func (w *writer) markGone(ctx context.Context, absent []uuid.UUID) error {
	if len(absent) == 0 {
		return nil
	}
	_, err := w.tx.Exec(ctx, markGoneSQL, plain(absent), w.obs.Scope.UID(), w.obs.Time, w.obs.Fence)
	return err
}
