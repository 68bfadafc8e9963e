package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// A failure is the last attempt unless a newer one ended before it. The first one
// after a complete observation says why the scope is out of sight.
const (
	setFailureSQL = `
		UPDATE scopes SET attempt_fence = $2, last_attempt_time = $3, last_error = $4, last_error_reason = $5,
			gap_reason = CASE WHEN gap_reason = '' THEN $5 ELSE gap_reason END,
			gap_error = CASE WHEN gap_reason = '' THEN $4 ELSE gap_error END,
			sync_interval = COALESCE($6, sync_interval), api_budgets = COALESCE($7, api_budgets)`

	failScopeSQL = setFailureSQL + ` WHERE uid = $1 AND attempt_fence <= $2`

	// Of a scope that nobody wants and of which nobody ever saw anything there is
	// nothing to tell, unless somebody looks at it by now.
	dropUnwantedSQL = deleteUnseenSQL + ` AND attempt_fence <= $2 AND (claim_fence IS NULL OR claim_fence <= $2)`
)

// FailScope writes down that the scope could not be observed to the end, and
// why; nothing else changes. One that is not going to be read again
// (inventory.ReasonRetired) and was never observed leaves the roll. Errors:
// ABORTED with inventory.ReasonStale when a newer observation of the scope has
// ended.
func (s *Store) FailScope(ctx context.Context, obs inventory.Observation, failure inventory.Failure) error {
	failure.Clean()
	budgets, err := budgetsColumn(failure.Budgets)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx pgx.Tx) error {
		if err := ensureScope(ctx, tx, obs); err != nil {
			return err
		}
		if _, err := lockScope(ctx, tx, obs.Scope); errors.Is(err, pgx.ErrNoRows) {
			return stale(obs)
		} else if err != nil {
			return err
		}
		if failure.Reason == inventory.ReasonRetired {
			tag, err := tx.Exec(ctx, dropUnwantedSQL, obs.Scope.UID(), obs.Fence)
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
			return stale(obs)
		}
		return dropStandIns(ctx, tx, obs.Provider, obs.Scope)
	})
}

const (
	lockAccountScopesSQL = `
		SELECT uid FROM scopes
		WHERE account = $1 AND ($2 = 'KIND_UNSPECIFIED' OR kind = $2) AND location <> '-' ORDER BY uid FOR UPDATE`

	failAccountSQL = setFailureSQL + `
		WHERE account = $1 AND attempt_fence <= $2 AND ($8 = 'KIND_UNSPECIFIED' OR kind = $8)`
)

// FailAccount writes down that nothing of the account, or of one kind in it,
// could be looked at: the failure goes to each of the scopes, and to one that
// stands for all of them when there is none. A scope of which a newer
// observation has ended is left as it is. Errors: ABORTED with
// inventory.ReasonStale when all are, or the account was removed since.
func (s *Store) FailAccount(ctx context.Context, obs inventory.Observation, failure inventory.Failure) error {
	failure.Clean()
	budgets, err := budgetsColumn(failure.Budgets)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx pgx.Tx) error {
		if err := joinAccount(ctx, tx, obs); err != nil {
			return err
		}
		// In one order, so that no two writers wait for each other.
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
			return stale(obs)
		case obs.Scope.Kind != inventory.KindUnspecified:
			return dropStandIn(ctx, tx, obs.Scope.Account, inventory.KindUnspecified)
		}
		return nil
	})
}
