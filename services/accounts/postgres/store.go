package postgres

import (
	"context"
	"errors"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-dev/rollcall/migrations"
	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// Schema is the service's schema in the database.
const Schema = "accounts"

// Store keeps accounts and their connections. Its errors are faults: NOT_FOUND,
// ALREADY_EXISTS, ABORTED, UNAVAILABLE; and whatever the context ended with.
type Store struct {
	pool *pgxpool.Pool
	// checkKey refuses to keep what is encrypted with a key that is gone; nil:
	// every key will do.
	checkKey func(keyID string) error
}

// Open is a store on the database at url. It waits for a database that is starting, and brings the schema
// up to date. Close it when done.
func Open(ctx context.Context, url string, logger *slog.Logger) (*Store, error) {
	pool, err := postgres.Open(ctx, postgres.Options{
		URL: url, Schema: Schema, Logger: logger,
		// A process that was stopped in the middle of a transaction does not keep its
		// locks.
		Settings: map[string]string{"idle_in_transaction_session_timeout": "5s"},
	})
	if err != nil {
		return nil, err
	}
	if err := postgres.Migrate(ctx, url, migrations.Accounts(), Schema); err != nil {
		pool.Close()
		return nil, err
	}
	return New(pool), nil
}

// New is a store on a pool that leads to an up-to-date schema.
func New(pool *pgxpool.Pool) *Store { return &Store{pool: pool} }

// CheckKeys has the store ask check for the key of every secret that it is to
// keep, at a moment when a key that is not in use may be dropped. To be called
// before the store is used.
func (s *Store) CheckKeys(check func(keyID string) error) { s.checkKey = check }

// Close closes the store's pool.
func (s *Store) Close() { s.pool.Close() }

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return postgres.Fault(s.pool.Ping(ctx))
}

// accountColumns are a whole account, in the order of scanAccount.
const accountColumns = `
	a.id, a.provider, a.cloud_id, a.display_name, a.labels, a.paused, a.read_only, a.sync_interval, a.regions,
	a.credentials_method, a.credentials, a.source_account_id, a.revision, a.create_time, a.update_time,
	c.outcome, c.last_sync_time, c.last_success_time, c.last_error, c.reason, c.remedy, c.last_sync_run,
	c.syncing_until, c.syncing_run, c.fencing_token, now()`

// accountTables are where they come from.
const accountTables = `accounts a LEFT JOIN connections c ON c.account_id = a.id`

// selectAccounts reads whole accounts.
const selectAccounts = `SELECT` + accountColumns + ` FROM ` + accountTables

// Get is the account with this id.
func (s *Store) Get(ctx context.Context, id string) (*accounts.Account, error) {
	const get = selectAccounts + ` WHERE a.id = $1`
	account, err := scanAccount(s.pool.QueryRow(ctx, get, id))
	if err != nil {
		return nil, missing(id, err)
	}
	return account, nil
}

// missing is the fault of an account that no row was found for, or of whatever
// else went wrong.
func missing(id string, err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.NotFound(accounts.Name(id))
	}
	return postgres.Fault(err)
}

// Delete takes an account off the roll, and its connection and its secret with
// it. With an etag, only when the account still has it. An account that is the
// source of another's role stays.
func (s *Store) Delete(ctx context.Context, id, etag string) error {
	const (
		lock = selectAccounts + ` WHERE a.id = $1 FOR UPDATE OF a`
		drop = `DELETE FROM accounts WHERE id = $1`
	)
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		account, err := scanAccount(tx.QueryRow(ctx, lock, id))
		if err != nil {
			return missing(id, err)
		}
		if err := account.CheckEtag(etag); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, drop, id)
		return err
	})
	if postgres.Constraint(err) == sourceConstraint {
		return accounts.SourceOfOthers(id)
	}
	return postgres.Fault(err)
}
