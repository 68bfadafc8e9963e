package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

const (
	confirmGoneSQL = `
		WITH missing AS (
			DELETE FROM absences WHERE scope = $1 RETURNING uid
		), gone AS (
			UPDATE instances i SET state = 'GONE', gone_time = $2, change_time = $2, fence = GREATEST(i.fence, $3)
			FROM (
				SELECT uid, state, change_time FROM instances
				WHERE uid IN (SELECT uid FROM missing) AND scope = $1 AND gone_time IS NULL
			) old
			WHERE i.uid = old.uid
			RETURNING i.uid, old.state, old.change_time, i.gone_time
		)` + stageGone

	// An observation under way compared itself to what was there: it begins anew.
	releaseHoldSQL = `
		UPDATE scopes SET
			claim = NULL, claim_fence = NULL, instance_count = instance_count - $2,
			hold_fence = NULL, hold_time = NULL, hold_missing = NULL, hold_of = NULL
		WHERE uid = $1`

	confirmRetiredSQL = `
		WITH gone AS (
			UPDATE instances i SET state = 'GONE', gone_time = $2, change_time = $2, fence = GREATEST(i.fence, $3)
			FROM (SELECT uid, state, change_time FROM instances WHERE scope = $1 AND gone_time IS NULL) old
			WHERE i.uid = old.uid
			RETURNING i.uid, old.state, old.change_time, i.gone_time
		)` + stageGone

	// The gap ends here, and not with an observation: what was in the scope until
	// then could not be vouched for, and now nothing is.
	settleRetiredSQL = `
		UPDATE scopes SET claim = NULL, claim_fence = NULL, instance_count = instance_count - $2, last_attempt_time = $3
		WHERE uid = $1`

	// Nothing else was missing: the observation now vouches for all of the scope.
	vouchScopeSQL = `
		UPDATE scopes SET
			last_complete_time = $2, first_complete_time = COALESCE(first_complete_time, $2),
			last_error = '', last_error_reason = '', gap_reason = '', gap_error = ''
		WHERE uid = $1`
)

// ConfirmScope settles a scope that is held: what is missing is marked as gone.
// Of one that is retired (inventory.ReasonRetired) that is all that it shows.
// A zero holdTime confirms whatever hold there is. Errors: NOT_FOUND;
// FAILED_PRECONDITION with inventory.ReasonNotHeld; ABORTED with
// inventory.ReasonHoldChanged when it is held since another time.
func (s *Store) ConfirmScope(ctx context.Context, key inventory.ScopeKey, holdTime time.Time) (inventory.Scope, error) {
	var confirmed inventory.Scope
	err := s.write(ctx, func(tx pgx.Tx) error {
		scope, err := lockScope(ctx, tx, key)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return fault.NotFound(key.String())
		case err != nil:
			return err
		case scope.hold == nil && scope.lastErrorReason == inventory.ReasonRetired && holdTime.IsZero():
			confirmed, err = confirmRetired(ctx, tx, key, &scope)
			return err
		case scope.hold == nil:
			return fault.New(fault.KindFailedPrecondition, inventory.ReasonNotHeld, "%s is not held: there is nothing to confirm", key)
		case !holdTime.IsZero() && !holdTime.Equal(scope.hold.Time):
			return fault.New(fault.KindAborted, inventory.ReasonHoldChanged, "%s is held for an observation of %s: look again at what is missing",
				key, scope.hold.Time.UTC().Format(time.RFC3339Nano))
		}
		log, err := confirm(ctx, tx, key, &scope)
		if err != nil {
			return err
		}
		if confirmed, err = getScope(ctx, tx, key); err != nil {
			return err
		}
		return log.write(ctx, tx, scope.hold.Time)
	})
	return confirmed, err
}

// confirmRetired marks all that a scope shows as gone, as nobody will look there
// again.
func confirmRetired(ctx context.Context, tx pgx.Tx, key inventory.ScopeKey, scope *lockedScope) (inventory.Scope, error) {
	if _, err := tx.Exec(ctx, stageSQL); err != nil {
		return inventory.Scope{}, err
	}
	var now time.Time
	if err := tx.QueryRow(ctx, `SELECT now()`).Scan(&now); err != nil {
		return inventory.Scope{}, err
	}
	gone, err := tx.Exec(ctx, confirmRetiredSQL, key.UID(), now, max(scope.fence, scope.attemptFence))
	if err != nil {
		return inventory.Scope{}, err
	}
	if scope.lastComplete != nil && now.After(*scope.lastComplete) {
		if _, err := tx.Exec(ctx, insertGapSQL, key.UID(), *scope.lastComplete, now, inventory.ReasonRetired, scope.gapError); err != nil {
			return inventory.Scope{}, err
		}
	}
	if _, err := tx.Exec(ctx, settleRetiredSQL, key.UID(), gone.RowsAffected(), now); err != nil {
		return inventory.Scope{}, err
	}
	confirmed, err := getScope(ctx, tx, key)
	if err != nil {
		return confirmed, err
	}
	log := &journal{staged: gone.RowsAffected()}
	return confirmed, log.write(ctx, tx, now)
}

// confirm marks what is missing as gone, and releases the scope.
func confirm(ctx context.Context, tx pgx.Tx, key inventory.ScopeKey, scope *lockedScope) (*journal, error) {
	if _, err := tx.Exec(ctx, stageSQL); err != nil {
		return nil, err
	}
	gone, err := tx.Exec(ctx, confirmGoneSQL, key.UID(), scope.hold.Time, scope.fence)
	if err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, releaseHoldSQL, key.UID(), gone.RowsAffected()); err != nil {
		return nil, err
	}
	log := &journal{staged: gone.RowsAffected()}
	if scope.lastErrorReason != inventory.ReasonHeld {
		return log, nil
	}
	if err := closeGap(ctx, tx, scope, key, scope.fence, scope.hold.Time); err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, vouchScopeSQL, key.UID(), scope.hold.Time)
	return log, err
}
