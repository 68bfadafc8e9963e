package postgres

import (
	"context"
	"errors"

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
	w := &writer{obs: s.obs, reconciliation: s.reconciliation, spool: &s.spool}
	err := s.store.writeScope(ctx, w, func() error {
		var err error
		changes, err = s.apply(ctx, w)
		return err
	})
	if err != nil {
		return inventory.Changes{}, err
	}
	s.applied = true
	return changes, nil
}

func (s *Snapshot) apply(ctx context.Context, w *writer) (inventory.Changes, error) {
	tx := w.tx
	scope, err := w.lock(ctx)
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
	changes, err := w.write(ctx, gone)
	if err != nil {
		return inventory.Changes{}, err
	}
	if changes.Missing = missing; missing > 0 {
		changes.MissingReason = "the cloud could not tell of all that the listing lacked"
	}
	if err := s.finish(ctx, tx, changes, w.moved); err != nil {
		return inventory.Changes{}, err
	}
	return changes, w.journal.write(ctx, tx, s.obs.Time)
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
