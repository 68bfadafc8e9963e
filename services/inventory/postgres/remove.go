package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

const (
	lockScopesSQL = `
		SELECT GREATEST(fence, attempt_fence, single_fence, claim_fence) FROM scopes
		WHERE account = $1 ORDER BY uid FOR UPDATE`

	deleteScopesSQL = `DELETE FROM scopes WHERE account = $1`

	accountGoneSQL = `
		WITH gone AS (
			UPDATE instances i SET state = 'GONE', gone_time = $3, change_time = $3, fence = GREATEST(fence, $2)
			FROM (SELECT uid, state, change_time FROM instances WHERE account = $1 AND gone_time IS NULL) old
			WHERE i.uid = old.uid
			RETURNING i.uid, old.state, old.change_time, i.gone_time
		)` + stageGone

	removeAccountSQL = `
		INSERT INTO removed_accounts (account, fence) VALUES ($1, $2)
		ON CONFLICT (account) DO UPDATE SET fence = EXCLUDED.fence`
)

// RemoveAccount takes the scopes of an account off the roll and marks its
// instances as gone; that nobody looks from then on is told of both. Observations
// with a smaller token than fence can't bring them back. It may be repeated.
// Errors: ABORTED with inventory.ReasonStale when the account was observed, or
// removed, with a larger token.
func (s *Store) RemoveAccount(ctx context.Context, account string, fence int64) error {
	return s.write(ctx, func(tx pgx.Tx) error {
		if err := s.lockForRemoval(ctx, tx, account, fence); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, applyLimitSQL); err != nil {
			return err
		}
		now := time.Now()
		if _, err := tx.Exec(ctx, removedGapsSQL, account, now); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, deleteScopesSQL, account); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, removeAccountSQL, account, fence); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, stageSQL); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, accountGoneSQL, account, fence, now)
		if err != nil {
			return err
		}
		log := journal{staged: tag.RowsAffected()}
		return log.write(ctx, tx, now)
	})
}

// lockForRemoval keeps all others from writing to the account, and checks that
// nothing newer is known of it.
func (s *Store) lockForRemoval(ctx context.Context, tx pgx.Tx, account string, fence int64) error {
	if _, err := tx.Exec(ctx, lockAccountSQL, account); err != nil {
		return err
	}
	var newest int64
	err := tx.QueryRow(ctx, removalFenceSQL, account).Scan(&newest)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	rows, err := tx.Query(ctx, lockScopesSQL, account)
	if err != nil {
		return err
	}
	var seen int64
	_, err = pgx.ForEachRow(rows, []any{&seen}, func() error {
		newest = max(newest, seen)
		return nil
	})
	if err == nil && newest > fence {
		return inventory.Stale("accounts/" + account)
	}
	return err
}
