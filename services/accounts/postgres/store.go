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

// Store stores accounts and their connections. Its errors are faults (NOT_FOUND, ALREADY_EXISTS,
// ABORTED, UNAVAILABLE) or the error of the context.
type Store struct {
	pool *pgxpool.Pool
	// checkKey refuses a secret whose key was dropped; nil accepts every key.
	checkKey func(keyID string) error
}

// Open returns a store on the database at url. It waits for a database that is starting, and
// migrates the schema. The caller closes the store.
func Open(ctx context.Context, url string, logger *slog.Logger) (*Store, error) {
	pool, err := postgres.Open(ctx, postgres.Options{
		URL: url, Schema: Schema, Logger: logger,
		// The locks of a process that was stopped in the middle of a transaction are released.
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

// New returns a store on a pool whose schema is up to date.
func New(pool *pgxpool.Pool) *Store { return &Store{pool: pool} }

// CheckKeys makes the store call check with the key of every secret that it stores, because a key
// that is not in use may be dropped at the same time. It must be called before the store is used.
func (s *Store) CheckKeys(check func(keyID string) error) { s.checkKey = check }

// Close closes the store's pool.
func (s *Store) Close() { s.pool.Close() }

// Ping checks that the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return postgres.Fault(s.pool.Ping(ctx))
}

// accountColumns are the columns of an account, in the order of scanAccount.
const accountColumns = `
	a.id, a.provider, a.cloud_id, a.display_name, a.labels, a.paused, a.read_only, a.sync_interval, a.regions,
	a.credentials_method, a.credentials, a.source_account_id, a.revision, a.create_time, a.update_time,
	c.outcome, c.last_sync_time, c.last_success_time, c.last_error, c.reason, c.remedy, c.last_sync_run,
	c.syncing_until, c.syncing_run, c.fencing_token, now()`

// accountTables are the tables of these columns.
const accountTables = `accounts a LEFT JOIN connections c ON c.account_id = a.id`

// selectAccounts selects whole accounts.
const selectAccounts = `SELECT` + accountColumns + ` FROM ` + accountTables

// Get returns the account with this id.
func (s *Store) Get(ctx context.Context, id string) (*accounts.Account, error) {
	const get = selectAccounts + ` WHERE a.id = $1`
	account, err := scanAccount(s.pool.QueryRow(ctx, get, id))
	if err != nil {
		return nil, missing(id, err)
	}
	return account, nil
}

// missing returns NOT_FOUND if there is no row for the account, and the fault of any other error.
func missing(id string, err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.NotFound(accounts.Name(id))
	}
	return postgres.Fault(err)
}

// Delete deletes an account with its connection and its secret; with an etag, only if the account
// still has it. An account that others sign in through can't be deleted.
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
