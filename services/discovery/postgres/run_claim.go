package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rollcall-dev/rollcall/services/discovery/sync"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// Claim gives a worker the lease on a queued run; NotFound if it is not queued.
func (s *Store) Claim(ctx context.Context, run, worker string, lease time.Duration) (sync.Claim, error) {
	const claim = `
		UPDATE sync_runs
		SET state = 'RUNNING', worker = $2, fencing_token = nextval('fencing_token_seq'),
		    start_time = now(), lease_time = now() + $3, revision = revision + 1
		WHERE id = $1 AND state = 'QUEUED'
		RETURNING account, trigger, fencing_token`
	c := sync.Claim{Run: run}
	err := s.pool.QueryRow(ctx, claim, run, worker, lease).Scan(&c.Account, &c.Trigger, &c.Token)
	if errors.Is(err, pgx.ErrNoRows) {
		return sync.Claim{}, runNotFound(run)
	}
	return c, postgres.Fault(err)
}

// Renew renews the lease on a run.
func (s *Store) Renew(ctx context.Context, claim sync.Claim, lease time.Duration) error {
	const renew = `UPDATE sync_runs SET lease_time = now() + $3 WHERE id = $1 AND fencing_token = $2 AND state = 'RUNNING'`
	tag, err := s.pool.Exec(ctx, renew, claim.Run, claim.Token, lease)
	return checkClaim(claim, tag, err)
}

// Conclude ends a run. Its account is due again after next, or after settle if a scope is
// held.
func (s *Store) Conclude(ctx context.Context, claim sync.Claim, outcome sync.Outcome, next, settle time.Duration) error {
	const conclude = `
		UPDATE sync_runs SET state = $3, end_time = now(), error = $4, error_reason = $5, remedy = $6, revision = revision + 1
		WHERE id = $1 AND fencing_token = $2 AND state = 'RUNNING'`
	failure := outcome.Failure
	if failure == nil {
		failure = &fault.Error{}
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockSchedule(ctx, tx, claim.Account); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, conclude, claim.Run, claim.Token, outcome.State, failure.Message, failure.Reason, failure.Remedy)
		if err := checkClaim(claim, tag, err); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE schedules SET slow = $2 WHERE account = $1 AND slow <> $2`, claim.Account, outcome.Slow); err != nil {
			return err
		}
		if outcome.Held {
			return dueToSettle(ctx, tx, claim.Account, next, settle)
		}
		return dueAfter(ctx, tx, claim.Account, next)
	})
}

// dueToSettle makes an account with a held scope due again: soon, and later after each such
// run in a row, because a scope may stay held.
func dueToSettle(ctx context.Context, tx pgx.Tx, account string, next, settle time.Duration) error {
	const due = `
		UPDATE schedules SET abandoned_in_a_row = 0, held_in_a_row = held_in_a_row + 1,
			next_sync_time = now() + LEAST($2::interval, $3::interval * power(2, LEAST(held_in_a_row, 20)))
		WHERE account = $1 AND next_sync_time = 'infinity'`
	_, err := tx.Exec(ctx, due, account, next, settle)
	return err
}

// Abandon ends a run without an outcome. Its account is due again after next.
func (s *Store) Abandon(ctx context.Context, claim sync.Claim, why string, next time.Duration) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockSchedule(ctx, tx, claim.Account); err != nil {
			return err
		}
		var account string
		err := tx.QueryRow(ctx, abandonSQL(`id = $2 AND fencing_token = $3 AND state = 'RUNNING'`), why, claim.Run, claim.Token).Scan(&account)
		if errors.Is(err, pgx.ErrNoRows) {
			return sync.ErrLost(claim)
		}
		if err != nil {
			return err
		}
		return dueAfter(ctx, tx, account, next)
	})
}

// abandonSQL returns a statement that ends the runs that match a condition, and returns their
// accounts. Scopes that have not ended fail, with the error $1.
func abandonSQL(condition string) string {
	return `
		WITH ended AS (
			UPDATE sync_runs SET state = 'ABANDONED', end_time = now(), error = $1, revision = revision + 1,
			       scopes_failed = scopes_failed + scopes_total - scopes_done, scopes_done = scopes_total
			WHERE ` + condition + `
			RETURNING id, account
		), scopes AS (
			UPDATE sync_run_scopes SET state = 'FAILED', end_time = now(), error = $1, error_reason = 'INTERNAL'
			FROM ended WHERE run = ended.id AND state IN ('PENDING', 'RUNNING')
		)
		SELECT account FROM ended`
}

// dueAfter makes an account due again after its run. If its settings changed during the run,
// it is due already.
func dueAfter(ctx context.Context, tx pgx.Tx, account string, next time.Duration) error {
	const due = `
		UPDATE schedules SET next_sync_time = now() + $2, abandoned_in_a_row = 0, held_in_a_row = 0
		WHERE account = $1 AND next_sync_time = 'infinity'`
	_, err := tx.Exec(ctx, due, account, next)
	return err
}

// checkClaim returns ErrLost if a report on a run changed nothing.
func checkClaim(claim sync.Claim, tag pgconn.CommandTag, err error) error {
	if err == nil && tag.RowsAffected() == 0 {
		return sync.ErrLost(claim)
	}
	return postgres.Fault(err)
}
