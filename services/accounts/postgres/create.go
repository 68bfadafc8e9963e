package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// Create inserts an account and returns it as stored. It fails with accounts.Exists if there is an
// account with the id or with the cloud's own id.
func (s *Store) Create(ctx context.Context, account *accounts.Account) (*accounts.Account, error) {
	// Without a target, ON CONFLICT covers both the id and the cloud's own id.
	const insert = `
		INSERT INTO accounts (id, provider, cloud_id, display_name, labels, paused, sync_interval, regions,
		                      credentials_method, credentials, source_account_id, read_only)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT DO NOTHING
		RETURNING revision, create_time, update_time`
	credentials, err := encodeCredentials(account)
	if err != nil {
		return nil, err
	}
	created := *account
	created.Connection = accounts.ConnectionState{}.At(time.Time{})
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, insert, account.ID, account.Provider, account.CloudID, account.DisplayName,
			labels(account.Labels), account.Paused, nullable(account.SyncInterval), regions(account.Regions),
			credentials.method, credentials.settings, credentials.source, account.ReadOnly,
		).Scan(&created.Revision, &created.CreateTime, &created.UpdateTime); err != nil {
			return err
		}
		return s.storeSecret(ctx, tx, account)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, s.exists(ctx, account)
	}
	if err != nil {
		return nil, sourceFault(account, err)
	}
	return &created, nil
}

// exists returns the fault for the account that conflicts with wanted; of two, for the one that is
// the same cloud account.
func (s *Store) exists(ctx context.Context, wanted *accounts.Account) error {
	const holder = selectAccounts + `
		WHERE (a.provider = $2 AND a.cloud_id = $3) OR a.id = $1
		ORDER BY (a.provider = $2 AND a.cloud_id = $3) DESC
		LIMIT 1`
	stored, err := scanAccount(s.pool.QueryRow(ctx, holder, wanted.ID, wanted.Provider, wanted.CloudID))
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.New(fault.KindAborted, fault.ReasonConflict,
			"%s existed and was deleted at the same moment; try again", accounts.Name(wanted.ID))
	}
	if err != nil {
		return postgres.Fault(err)
	}
	return accounts.Exists(wanted, stored)
}
