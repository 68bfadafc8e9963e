package postgres

import (
	"context"
	"errors"

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
	judgement, err := s.judge(ctx, tx, &scope)
	if err != nil {
		return inventory.Changes{}, err
	}
	changes, err := w.write(ctx, judgement.Gone)
	if err != nil {
		return inventory.Changes{}, err
	}
	failure := judgement.Failure(s.untold)
	changes.Missing, changes.MissingReason = judgement.Missing(), failure.Error
	if err := s.keepAbsences(ctx, tx, scope.hold, judgement.Held); err != nil {
		return inventory.Changes{}, err
	}
	more := changes.Created + changes.Reappeared + w.moved - changes.Gone
	if err := s.finish(ctx, tx, &scope, scope.hold.next(&s.obs, &judgement), failure, more); err != nil {
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

// An observation that does not vouch for all of the scope ($6 says why) makes
// older ones stale like any other, and leaves the scope as old as it is. A failure
// that was reported by a newer attempt stays.
const finishScopeSQL = `
	UPDATE scopes SET
		fence = $2, claim = NULL, claim_fence = NULL,
		instance_count = instance_count + $4,
		first_complete_time = CASE WHEN $6 = '' THEN COALESCE(first_complete_time, $3) ELSE first_complete_time END,
		last_complete_time = CASE WHEN $6 = '' THEN $3 ELSE last_complete_time END,
		attempt_fence = GREATEST(attempt_fence, $2),
		last_attempt_time = CASE WHEN attempt_fence > $2 THEN last_attempt_time ELSE $3 END,
		last_error = CASE WHEN attempt_fence > $2 THEN last_error ELSE $5 END,
		last_error_reason = CASE WHEN attempt_fence > $2 THEN last_error_reason ELSE $6 END,
		gap_reason = CASE WHEN attempt_fence > $2 OR $6 <> '' AND gap_reason <> '' THEN gap_reason ELSE $6 END,
		gap_error = CASE WHEN attempt_fence > $2 OR $6 <> '' AND gap_reason <> '' THEN gap_error ELSE $5 END,
		sync_interval = COALESCE($7, sync_interval), api_budgets = COALESCE($8, api_budgets),
		hold_fence = $9, hold_time = $10, hold_missing = $11, hold_of = $12
	WHERE uid = $1`

// finish writes down that the scope was observed to the end, and how far that
// vouches for it.
func (s *Snapshot) finish(ctx context.Context, tx pgx.Tx, scope *lockedScope, hold *hold, failure inventory.Failure, more int64) error {
	if failure.Reason == "" {
		if err := closeGap(ctx, tx, scope, s.obs.Scope, s.obs.Until(), s.obs.Time); err != nil {
			return err
		}
	}
	budgets, err := budgetsColumn(s.budgets)
	if err != nil {
		return err
	}
	fence, at, missing, of := hold.columns()
	_, err = tx.Exec(ctx, finishScopeSQL, s.scope, s.obs.Until(), s.obs.Time, more, failure.Error, failure.Reason,
		intervalColumn(s.obs.SyncInterval), budgets, fence, at, missing, of)
	if err != nil {
		return err
	}
	return dropStandIns(ctx, tx, s.obs.Provider, s.obs.Scope)
}
