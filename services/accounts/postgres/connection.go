package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// Report applies one report on the connection of an account, and returns the connection after it.
// Reports on one account are applied one after the other. A refused report is an ABORTED fault, see
// accounts.ConnectionState.Apply.
func (s *Store) Report(ctx context.Context, id string, report accounts.Report) (accounts.Connection, error) {
	var seen accounts.Connection
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		stored, now, err := lockConnection(ctx, tx, id)
		if err != nil {
			return err
		}
		next, err := stored.Apply(report, now)
		if err != nil {
			return err
		}
		seen = next.At(now)
		if next == stored {
			return nil
		}
		return writeConnection(ctx, tx, id, next)
	})
	if err != nil {
		return accounts.Connection{}, postgres.Fault(err)
	}
	return seen, nil
}

// lockConnection locks the connection until the transaction ends, and returns it with the time.
func lockConnection(ctx context.Context, tx pgx.Tx, id string) (accounts.ConnectionState, time.Time, error) {
	const (
		ensure = `INSERT INTO connections (account_id) VALUES ($1) ON CONFLICT DO NOTHING`
		lock   = `
			SELECT outcome, last_sync_time, last_success_time, last_error, reason, remedy, last_sync_run,
			       syncing_until, syncing_run, fencing_token, clock_timestamp()
			FROM connections WHERE account_id = $1 FOR UPDATE`
	)
	var (
		row connectionRow
		now time.Time
	)
	if _, err := tx.Exec(ctx, ensure, id); err != nil {
		if postgres.Constraint(err) == "connections_account_id_fkey" {
			return accounts.ConnectionState{}, now, fault.NotFound(accounts.Name(id))
		}
		return accounts.ConnectionState{}, now, err
	}
	if err := tx.QueryRow(ctx, lock, id).Scan(append(row.dest(), &now)...); err != nil {
		return accounts.ConnectionState{}, now, missing(id, err)
	}
	return row.state(), now, nil
}

func writeConnection(ctx context.Context, tx pgx.Tx, id string, c accounts.ConnectionState) error {
	const update = `
		UPDATE connections
		SET outcome = $2, last_sync_time = $3, last_success_time = $4, last_error = $5, reason = $6, remedy = $7,
		    last_sync_run = $8, syncing_until = $9, syncing_run = $10, fencing_token = $11
		WHERE account_id = $1`
	_, err := tx.Exec(ctx, update, id, c.Outcome, zeronull.Timestamptz(c.LastSyncTime),
		zeronull.Timestamptz(c.LastSuccessTime), c.LastError, zeronull.Text(c.Reason), c.Remedy, c.LastSyncRun,
		zeronull.Timestamptz(c.SyncingUntil), c.SyncingRun, c.Token)
	return err
}
