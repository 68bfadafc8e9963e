package write

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

const (
	scopeExistsSQL = `SELECT EXISTS (SELECT FROM scopes WHERE uid = $1)`

	// A transaction that inserts a scope and one that removes its account wait for each other. Several
	// that insert scopes do not.
	lockAccountSharedSQL = `SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))`
	lockAccountSQL       = `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`

	removalFenceSQL = `SELECT fence FROM removed_accounts WHERE account = $1`

	insertScopeSQL = `
		INSERT INTO scopes (uid, account, provider, kind, location, region) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT DO NOTHING` // without a target, because two at once may conflict in either of the two keys
)

// ensureScope inserts the row of the scope if there is none. An observation that began before its account
// was removed is stale.
func ensureScope(ctx context.Context, tx pgx.Tx, obs inventory.Observation) error {
	var exists bool
	if err := tx.QueryRow(ctx, scopeExistsSQL, obs.Scope.UID()).Scan(&exists); err != nil || exists {
		return err
	}
	if err := lockAccount(ctx, tx, obs); err != nil {
		return err
	}
	return insertScope(ctx, tx, obs)
}

// insertScope inserts the row of the scope unless there is one.
func insertScope(ctx context.Context, tx pgx.Tx, obs inventory.Observation) error {
	_, err := tx.Exec(ctx, insertScopeSQL, obs.Scope.UID(), obs.Scope.Account, obs.Provider, obs.Scope.Kind,
		obs.Scope.Location, registry.RegionOf(obs.Provider, obs.Scope.Location))
	return err
}

// lockAccount keeps the account from being removed until the transaction ends. The observation is stale if
// the account was removed since.
func lockAccount(ctx context.Context, tx pgx.Tx, obs inventory.Observation) error {
	if _, err := tx.Exec(ctx, lockAccountSharedSQL, obs.Scope.Account); err != nil {
		return err
	}
	var removed int64
	err := tx.QueryRow(ctx, removalFenceSQL, obs.Scope.Account).Scan(&removed)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err == nil && removed >= obs.Fence:
		return inventory.Stale(obs.Scope.String())
	default:
		return err
	}
}

const (
	lockScopeSQL = `
		SELECT fence, attempt_fence, single_fence, claim, claim_fence, last_complete_time, last_error_reason,
			sync_interval, gap_reason, gap_error, hold_fence, hold_time, hold_missing, hold_of
		FROM scopes WHERE uid = $1 FOR UPDATE`

	deleteScopeSQL = `DELETE FROM scopes WHERE uid = $1`
	deleteEmptySQL = `DELETE FROM scopes WHERE uid = $1 AND last_complete_time IS NULL AND instance_count = 0`
)

// lockScope locks the row of the scope until the transaction ends, so that all transactions that write to
// a scope run one after the other. Errors: pgx.ErrNoRows if its account was removed.
func lockScope(ctx context.Context, tx pgx.Tx, key inventory.ScopeKey) (s inventory.ScopeState, err error) {
	var holdFence, missing, of *int64
	var holdTime *time.Time
	err = tx.QueryRow(ctx, lockScopeSQL, key.UID()).Scan(&s.Fence, &s.AttemptFence, &s.SingleFence, &s.Claim, &s.ClaimFence,
		&s.LastComplete, &s.LastErrorReason, &s.SyncInterval, &s.GapReason, &s.GapError, &holdFence, &holdTime, &missing, &of)
	if holdFence != nil {
		s.Hold = &inventory.Hold{Fence: *holdFence, Time: *holdTime, Missing: *missing, Of: *of}
	}
	return s, err
}

// deleteStandIns deletes the scopes that represented the whole account, one kind in it, or the region of a
// zone, now that a scope of that kind was observed.
func deleteStandIns(ctx context.Context, tx pgx.Tx, provider inventory.Provider, of inventory.ScopeKey) error {
	if err := deleteStandIn(ctx, tx, of.Account, inventory.KindUnspecified); err != nil {
		return err
	}
	if err := deleteStandIn(ctx, tx, of.Account, of.Kind); err != nil {
		return err
	}
	// If a listing of zones fails, discovery reports the region in place of its zones.
	region := registry.RegionOf(provider, of.Location)
	if region == of.Location {
		return nil
	}
	of.Location = region
	_, err := tx.Exec(ctx, deleteEmptySQL, of.UID())
	return err
}

func deleteStandIn(ctx context.Context, tx pgx.Tx, account string, kind inventory.Kind) error {
	key := inventory.ScopeKey{Account: account, Kind: kind, Location: inventory.WholeAccount}
	_, err := tx.Exec(ctx, deleteScopeSQL, key.UID())
	return err
}
