package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// Update changes the settings of an account: it locks and reads the account, and writes what change
// returns for it. Nothing is written if change fails or leaves the settings as they are; etag and
// update time stay then.
func (s *Store) Update(
	ctx context.Context, id string, change func(stored *accounts.Account) (*accounts.Account, error),
) (*accounts.Account, error) {
	const lock = selectAccounts + ` WHERE a.id = $1 FOR NO KEY UPDATE OF a`
	var updated *accounts.Account
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		stored, err := scanAccount(tx.QueryRow(ctx, lock, id))
		if err != nil {
			return missing(id, err)
		}
		updated, err = change(stored)
		if err != nil {
			return err
		}
		if updated.SameSettings(stored) {
			updated = stored
			return nil
		}
		if err := write(ctx, tx, updated); err != nil {
			return sourceFault(updated, err)
		}
		return s.storeSecret(ctx, tx, updated)
	})
	if err != nil {
		return nil, postgres.Fault(err)
	}
	return updated, nil
}

// write updates the columns that may change, and reads the generated ones back.
func write(ctx context.Context, tx pgx.Tx, account *accounts.Account) error {
	// The time is that of the write, not of the transaction's begin: a client that read the account
	// in between must see a later time.
	const update = `
		UPDATE accounts
		SET display_name = $2, labels = $3, paused = $4, sync_interval = $5, regions = $6,
		    credentials_method = $7, credentials = $8, source_account_id = $9, read_only = $10,
		    revision = nextval('account_revision_seq'),
		    update_time = greatest(clock_timestamp(), update_time + interval '1 microsecond')
		WHERE id = $1
		RETURNING revision, update_time`
	credentials, err := encodeCredentials(account)
	if err != nil {
		return err
	}
	return tx.QueryRow(ctx, update, account.ID, account.DisplayName, labels(account.Labels), account.Paused,
		nullable(account.SyncInterval), regions(account.Regions),
		credentials.method, credentials.settings, credentials.source, account.ReadOnly,
	).Scan(&account.Revision, &account.UpdateTime)
}
