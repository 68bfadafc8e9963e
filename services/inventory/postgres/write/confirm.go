package write

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
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

	// An observation under way compared its listing with the instances that are marked as gone now. It
	// becomes stale.
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

	// The gap ends here and not with an observation: until now the scope had instances that it could not
	// vouch for, and from now on it has none.
	finishRetiredSQL = `
		UPDATE scopes SET claim = NULL, claim_fence = NULL, instance_count = instance_count - $2, last_attempt_time = $3
		WHERE uid = $1`

	// No other instances were missing: the observation vouches for all of the scope now.
	vouchScopeSQL = `
		UPDATE scopes SET
			last_complete_time = $2, first_complete_time = COALESCE(first_complete_time, $2),
			last_error = '', last_error_reason = '', gap_reason = '', gap_error = ''
		WHERE uid = $1`
)

// ConfirmScope confirms that missing instances of a scope are gone.
func (s *Store) ConfirmScope(ctx context.Context, key inventory.ScopeKey, holdTime time.Time) (inventory.Scope, error) {
	var confirmed inventory.Scope
	err := s.db.Write(ctx, func(tx pgx.Tx) error {
		state, err := lockScope(ctx, tx, key)
		if errors.Is(err, pgx.ErrNoRows) {
			return fault.NotFound(key.String())
		}
		if err != nil {
			return err
		}
		confirmation, err := state.Confirm(key, holdTime)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, stageSQL); err != nil {
			return err
		}
		confirm := confirmHeld
		if confirmation == inventory.ConfirmRetired {
			confirm = confirmRetired
		}
		gone, at, err := confirm(ctx, tx, key, &state)
		if err != nil {
			return err
		}
		if confirmed, err = postgres.GetScope(ctx, tx, key); err != nil {
			return err
		}
		log := &journal{staged: gone}
		return log.write(ctx, tx, at)
	})
	return confirmed, err
}

// confirmRetired marks all instances of a retired scope as gone, because it is not going to be observed
// again. It returns how many, and when they were found to be gone.
func confirmRetired(ctx context.Context, tx pgx.Tx, key inventory.ScopeKey, state *inventory.ScopeState) (int64, time.Time, error) {
	var now time.Time
	if err := tx.QueryRow(ctx, `SELECT now()`).Scan(&now); err != nil {
		return 0, now, err
	}
	gone, err := tx.Exec(ctx, confirmRetiredSQL, key.UID(), now, max(state.Fence, state.AttemptFence))
	if err != nil {
		return 0, now, err
	}
	if state.LastComplete != nil && now.After(*state.LastComplete) {
		if _, err := tx.Exec(ctx, insertGapSQL, key.UID(), *state.LastComplete, now, inventory.ReasonRetired, state.GapError); err != nil {
			return 0, now, err
		}
	}
	_, err = tx.Exec(ctx, finishRetiredSQL, key.UID(), gone.RowsAffected(), now)
	return gone.RowsAffected(), now, err
}

// confirmHeld marks the instances that a scope is held for as gone, and releases the scope. It returns how
// many, and when they were found to be gone.
func confirmHeld(ctx context.Context, tx pgx.Tx, key inventory.ScopeKey, state *inventory.ScopeState) (int64, time.Time, error) {
	at := state.Hold.Time
	gone, err := tx.Exec(ctx, confirmGoneSQL, key.UID(), at, state.Fence)
	if err != nil {
		return 0, at, err
	}
	if _, err := tx.Exec(ctx, releaseHoldSQL, key.UID(), gone.RowsAffected()); err != nil {
		return 0, at, err
	}
	if state.LastErrorReason != inventory.ReasonHeld {
		return gone.RowsAffected(), at, nil
	}
	if err := closeGap(ctx, tx, state, key, state.Fence, at); err != nil {
		return 0, at, err
	}
	_, err = tx.Exec(ctx, vouchScopeSQL, key.UID(), at)
	return gone.RowsAffected(), at, err
}
