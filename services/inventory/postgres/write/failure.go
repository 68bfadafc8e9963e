package write

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// A failure is the last attempt unless a newer one has ended. The first failure after a complete
// observation is the reason of the gap.
const (
	setFailureSQL = `
		UPDATE scopes SET attempt_fence = $2, last_attempt_time = $3, last_error = $4, last_error_reason = $5,
			gap_reason = CASE WHEN gap_reason = '' THEN $5 ELSE gap_reason END,
			gap_error = CASE WHEN gap_reason = '' THEN $4 ELSE gap_error END,
			sync_interval = COALESCE($6, sync_interval), api_budgets = COALESCE($7, api_budgets)`

	failScopeSQL = setFailureSQL + ` WHERE uid = $1 AND attempt_fence <= $2`

	// deleteRetiredSQL deletes a retired scope that was never observed, unless a newer observation of it
	// is under way.
	deleteRetiredSQL = deleteEmptySQL + ` AND attempt_fence <= $2 AND (claim_fence IS NULL OR claim_fence <= $2)`
)

// FailScope records that the scope could not be observed.
func (s *Store) FailScope(ctx context.Context, obs inventory.Observation, failure inventory.Failure) error {
	budgets, err := budgetsColumn(failure.Budgets)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx pgx.Tx) error {
		if err := ensureScope(ctx, tx, obs); err != nil {
			return err
		}
		if _, err := lockScope(ctx, tx, obs.Scope); errors.Is(err, pgx.ErrNoRows) {
			return inventory.Stale(obs.Scope.String())
		} else if err != nil {
			return err
		}
		if failure.Reason == inventory.ReasonRetired {
			tag, err := tx.Exec(ctx, deleteRetiredSQL, obs.Scope.UID(), obs.Fence)
			if err != nil || tag.RowsAffected() > 0 {
				return err
			}
		}
		tag, err := tx.Exec(ctx, failScopeSQL, obs.Scope.UID(), obs.Fence, obs.Time, failure.Error, failure.Reason,
			intervalColumn(obs.SyncInterval), budgets)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return inventory.Stale(obs.Scope.String())
		}
		return deleteStandIns(ctx, tx, obs.Provider, obs.Scope)
	})
}

const (
	lockAccountScopesSQL = `
		SELECT uid FROM scopes
		WHERE account = $1 AND ($2 = 'KIND_UNSPECIFIED' OR kind = $2) AND location <> '-' ORDER BY uid FOR UPDATE`

	failAccountSQL = setFailureSQL + `
		WHERE account = $1 AND attempt_fence <= $2 AND ($8 = 'KIND_UNSPECIFIED' OR kind = $8)`
)

// FailAccount records that nothing of the account, or of one kind in it, could be observed.
func (s *Store) FailAccount(ctx context.Context, obs inventory.Observation, failure inventory.Failure) error {
	budgets, err := budgetsColumn(failure.Budgets)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx pgx.Tx) error {
		if err := lockAccount(ctx, tx, obs); err != nil {
			return err
		}
		// Scopes are locked in the order of their UIDs, as by all transactions.
		scopes, err := tx.Exec(ctx, lockAccountScopesSQL, obs.Scope.Account, obs.Scope.Kind)
		if err != nil {
			return err
		}
		if scopes.RowsAffected() == 0 {
			if err := insertScope(ctx, tx, obs); err != nil {
				return err
			}
		}
		tag, err := tx.Exec(ctx, failAccountSQL, obs.Scope.Account, obs.Fence, obs.Time, failure.Error, failure.Reason,
			intervalColumn(obs.SyncInterval), budgets, obs.Scope.Kind)
		switch {
		case err != nil:
			return err
		case tag.RowsAffected() == 0:
			return inventory.Stale(obs.Scope.String())
		case obs.Scope.Kind != inventory.KindUnspecified:
			return deleteStandIn(ctx, tx, obs.Scope.Account, inventory.KindUnspecified)
		}
		return nil
	})
}
