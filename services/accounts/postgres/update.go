package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// Update changes an account's settings: it reads the account, lets change make
// of it what it should be, and writes that, all while nobody else can change
// it. Nothing is written when change fails, or leaves the settings as they are:
// then also etag and update time stay.
func (s *Store) Update(
	ctx context.Context, id string, change func(held *accounts.Account) (*accounts.Account, error),
) (*accounts.Account, error) {
	const lock = selectAccounts + ` WHERE a.id = $1 FOR NO KEY UPDATE OF a`
	var updated *accounts.Account
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		held, err := scanAccount(tx.QueryRow(ctx, lock, id))
		if err != nil {
			return missing(id, err)
		}
		updated, err = change(held)
		if err != nil {
			return err
		}
		if updated.SameSettings(held) {
			updated = held
			return nil
		}
		if err := write(ctx, tx, updated); err != nil {
			return sourceFault(updated, err)
		}
		return s.keepSecret(ctx, tx, updated)
	})
	if err != nil {
		return nil, postgres.Fault(err)
	}
	return updated, nil
}

// write stores what may change of an account, and reads back what the database
// makes of the rest.
func write(ctx context.Context, tx pgx.Tx, account *accounts.Account) error {
	// The time is that of the write, not of the transaction's begin: who read
	// the account in between must see it grow past the moment of their read.
	const update = `
		UPDATE accounts
		SET display_name = $2, labels = $3, paused = $4, sync_interval = $5, regions = $6,
		    credentials_method = $7, credentials = $8, source_account_id = $9, read_only = $10,
		    revision = nextval('account_revision_seq'),
		    update_time = greatest(clock_timestamp(), update_time + interval '1 microsecond')
		WHERE id = $1
		RETURNING revision, update_time`
	credentials, err := encodeCredentials(account.Credentials)
	if err != nil {
		return err
	}
	return tx.QueryRow(ctx, update, account.ID, account.DisplayName, labels(account.Labels), account.Paused,
		nullable(account.SyncInterval), regions(account.Regions),
		credentials.method, credentials.settings, credentials.source, account.ReadOnly,
	).Scan(&account.Revision, &account.UpdateTime)
}
