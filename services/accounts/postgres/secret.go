package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// storeSecret stores the new secret of an account that is being written. Without a new one the
// stored secret stays, or is deleted if the account's credentials have none any more.
func (s *Store) storeSecret(ctx context.Context, tx pgx.Tx, account *accounts.Account) error {
	const (
		put = `
			INSERT INTO secrets (account_id, key_id, ciphertext) VALUES ($1, $2, $3)
			ON CONFLICT (account_id) DO UPDATE
			SET key_id = excluded.key_id, ciphertext = excluded.ciphertext, create_time = excluded.create_time`
		drop = `DELETE FROM secrets WHERE account_id = $1`
	)
	if account.Method().Secret == "" {
		_, err := tx.Exec(ctx, drop, account.ID)
		return err
	}
	secret := account.Secret
	if secret == nil {
		return nil
	}
	if _, err := tx.Exec(ctx, put, account.ID, secret.KeyID, secret.Ciphertext); err != nil {
		return err
	}
	if s.checkKey == nil {
		return nil
	}
	// After the row was written: from then on its lock on the table keeps Retire from dropping the
	// key, and a key that was dropped before is noticed here.
	return s.checkKey(secret.KeyID)
}

// Fetch returns an account with its secret, if its credentials have one, and the number of fetches
// of that secret, this one included. A fetch is counted before the secret is returned.
func (s *Store) Fetch(ctx context.Context, id string) (account *accounts.Account, fetches int64, err error) {
	const (
		// The lock keeps the credentials as they are until their secret is read.
		get   = selectAccounts + ` WHERE a.id = $1 FOR SHARE OF a`
		fetch = `
			UPDATE secrets
			SET fetch_count = fetch_count + 1, last_fetch_time = now()
			WHERE account_id = $1
			RETURNING key_id, ciphertext, create_time, fetch_count`
	)
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if account, err = scanAccount(tx.QueryRow(ctx, get, id)); err != nil {
			return missing(id, err)
		}
		if account.Method().Secret == "" {
			return nil
		}
		var secret accounts.Sealed
		err := tx.QueryRow(ctx, fetch, id).Scan(&secret.KeyID, &secret.Ciphertext, &secret.CreateTime, &fetches)
		if errors.Is(err, pgx.ErrNoRows) {
			return accounts.Unreadable(id, errors.New("there is no row in secrets"))
		}
		account.Secret = &secret
		return err
	})
	if err != nil {
		return nil, 0, postgres.Fault(err)
	}
	return account, fetches, nil
}
