package write

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
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

// RemoveAccount removes the scopes of an account and marks its instances as gone.
func (s *Store) RemoveAccount(ctx context.Context, account string, fence int64) error {
	return s.db.Write(ctx, func(tx pgx.Tx) error {
		if err := lockForRemoval(ctx, tx, account, fence); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, postgres.LargeStatementSQL); err != nil {
			return err
		}
		now := time.Now()
		if _, err := tx.Exec(ctx, insertRemovedGapsSQL, account, now); err != nil {
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

// lockForRemoval locks the account and its scopes. The removal is stale if something newer is stored.
func lockForRemoval(ctx context.Context, tx pgx.Tx, account string, fence int64) error {
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
