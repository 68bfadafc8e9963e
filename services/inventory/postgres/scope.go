package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

const (
	scopeThereSQL = `SELECT EXISTS (SELECT FROM scopes WHERE uid = $1)`

	// Putting a scope on the roll and taking its account off it wait for each
	// other, account by account; several scopes can be put on it at once.
	lockAccountSharedSQL = `SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))`
	lockAccountSQL       = `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`

	removalFenceSQL = `SELECT fence FROM removed_accounts WHERE account = $1`

	insertScopeSQL = `
		INSERT INTO scopes (uid, account, provider, kind, location, region) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT DO NOTHING` // without a target: of two at once, one may meet the other first in either of the two keys
)

// ensureScope makes sure that the scope has its row. An observation that began
// before its account was taken off the roll is stale.
func ensureScope(ctx context.Context, tx pgx.Tx, obs inventory.Observation) error {
	var there bool
	if err := tx.QueryRow(ctx, scopeThereSQL, obs.Scope.UID()).Scan(&there); err != nil || there {
		return err
	}
	if err := joinAccount(ctx, tx, obs); err != nil {
		return err
	}
	return insertScope(ctx, tx, obs)
}

// insertScope inserts the row of the observed scope, unless there is one.
func insertScope(ctx context.Context, tx pgx.Tx, obs inventory.Observation) error {
	_, err := tx.Exec(ctx, insertScopeSQL, obs.Scope.UID(), obs.Scope.Account, obs.Provider, obs.Scope.Kind,
		obs.Scope.Location, registry.RegionOf(obs.Provider, obs.Scope.Location))
	return err
}

// joinAccount keeps the account from being removed while tx runs, and finds the
// observation stale when it was removed since.
func joinAccount(ctx context.Context, tx pgx.Tx, obs inventory.Observation) error {
	if _, err := tx.Exec(ctx, lockAccountSharedSQL, obs.Scope.Account); err != nil {
		return err
	}
	var removed int64
	err := tx.QueryRow(ctx, removalFenceSQL, obs.Scope.Account).Scan(&removed)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err == nil && removed >= obs.Fence:
		return stale(obs)
	default:
		return err
	}
}

const (
	lockScopeSQL = `
		SELECT fence, attempt_fence, single_fence, claim, claim_fence, last_complete_time, last_error_reason,
			sync_interval, gap_reason, gap_error, hold_fence, hold_time, hold_missing, hold_of
		FROM scopes WHERE uid = $1 FOR UPDATE`

	deleteStandInSQL = `DELETE FROM scopes WHERE uid = $1`
	deleteUnseenSQL  = `DELETE FROM scopes WHERE uid = $1 AND last_complete_time IS NULL AND instance_count = 0`
)

// lockedScope is the row of a scope that the transaction holds.
type lockedScope struct {
	fence, attemptFence, singleFence int64
	claim, claimFence                *int64     // nil: no observation is under way
	lastComplete                     *time.Time // nil: never
	lastErrorReason                  string
	syncInterval                     *time.Duration // nil: not known
	gapReason, gapError              string
	hold                             *hold
}

// lockScope locks the row of the scope until the transaction ends: all writing
// into a scope goes one after the other. pgx.ErrNoRows: its account was removed.
func lockScope(ctx context.Context, tx pgx.Tx, key inventory.ScopeKey) (s lockedScope, err error) {
	var holdFence, missing, of *int64
	var holdTime *time.Time
	err = tx.QueryRow(ctx, lockScopeSQL, key.UID()).Scan(&s.fence, &s.attemptFence, &s.singleFence, &s.claim, &s.claimFence,
		&s.lastComplete, &s.lastErrorReason, &s.syncInterval, &s.gapReason, &s.gapError, &holdFence, &holdTime, &missing, &of)
	if holdFence != nil {
		s.hold = &hold{fence: *holdFence, Hold: inventory.Hold{Time: *holdTime, Missing: *missing, Of: *of}}
	}
	return s, err
}

// dropStandIns drops the scopes that stood for the whole account, for all of a
// kind in it, and for the region of a zone, now that a real scope of that kind has
// been heard of.
func dropStandIns(ctx context.Context, tx pgx.Tx, provider inventory.Provider, of inventory.ScopeKey) error {
	if err := dropStandIn(ctx, tx, of.Account, inventory.KindUnspecified); err != nil {
		return err
	}
	if err := dropStandIn(ctx, tx, of.Account, of.Kind); err != nil {
		return err
	}
	// A cloud whose scopes are zones may have named a region that it did not know.
	region := registry.RegionOf(provider, of.Location)
	if region == of.Location {
		return nil
	}
	of.Location = region
	_, err := tx.Exec(ctx, deleteUnseenSQL, of.UID())
	return err
}

func dropStandIn(ctx context.Context, tx pgx.Tx, account string, kind inventory.Kind) error {
	key := inventory.ScopeKey{Account: account, Kind: kind, Location: inventory.WholeAccount}
	_, err := tx.Exec(ctx, deleteStandInSQL, key.UID())
	return err
}
