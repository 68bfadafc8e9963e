package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// queueTries is how often QueueRun starts over when the run that stood in its way
// ended meanwhile, or it met the scheduler on an account so new that there was no
// row to wait at.
const queueTries = 5

// QueueRun queues a run of one account, or gives the one that is queued or
// running already.
func (s *Store) QueueRun(ctx context.Context, account string, trigger discovery.Trigger) (*discovery.Run, error) {
	for try := 1; ; try++ {
		id, err := s.queueRun(ctx, account, trigger)
		if err == nil {
			return s.Run(ctx, id)
		}
		again := errors.Is(err, pgx.ErrNoRows) || fault.KindOf(err) == fault.KindAborted
		if !again || try == queueTries {
			return nil, err
		}
	}
}

func (s *Store) queueRun(ctx context.Context, account string, trigger discovery.Trigger) (id string, err error) {
	// The schedule's row comes first, as in QueueDue: in another order the two
	// would wait for each other.
	const first = `SELECT FROM schedules WHERE account = $1 FOR UPDATE`
	const active = `SELECT id FROM sync_runs WHERE account = $1 AND state IN ('QUEUED', 'RUNNING')`
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, first, account); err != nil {
			return err
		}
		queued, err := s.insertRuns(ctx, tx, []string{account}, trigger)
		if err != nil {
			return err
		}
		if len(queued) == 1 {
			id = queued[0].Run
			return nil
		}
		return tx.QueryRow(ctx, active, account).Scan(&id)
	})
	return id, err
}

// QueueDue queues a run for each account that is due and has none, at most limit
// of them, and tells how many.
func (s *Store) QueueDue(ctx context.Context, limit int) (int, error) {
	const due = `
		SELECT account FROM schedules s
		WHERE next_sync_time <= now() AND NOT paused AND missing_since IS NULL
		  AND NOT EXISTS (SELECT FROM sync_runs r WHERE r.account = s.account AND r.state IN ('QUEUED', 'RUNNING'))
		ORDER BY next_sync_time
		LIMIT $1
		FOR UPDATE SKIP LOCKED`
	var count int
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, due, limit)
		if err != nil {
			return err
		}
		accounts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || len(accounts) == 0 {
			return err
		}
		queued, err := s.insertRuns(ctx, tx, accounts, discovery.BySchedule)
		count = len(queued)
		return err
	})
	return count, err
}

// insertRuns queues a run for each of the accounts that has none, with its job,
// all in tx. While an account has a run it is due at no time ("infinity"), unless
// its settings change meanwhile.
func (s *Store) insertRuns(ctx context.Context, tx pgx.Tx, accounts []string, trigger discovery.Trigger) ([]QueuedRun, error) {
	ids := make([]string, len(accounts))
	for i := range ids {
		id, err := newRunID()
		if err != nil {
			return nil, err
		}
		ids[i] = id
	}
	const insert = `
		INSERT INTO sync_runs (id, account, state, trigger)
		SELECT id, account, 'QUEUED', $3 FROM unnest($1::uuid[], $2::text[]) AS new (id, account)
		ON CONFLICT (account) WHERE state IN ('QUEUED', 'RUNNING') DO NOTHING
		RETURNING id::text, account`
	rows, err := tx.Query(ctx, insert, ids, accounts, trigger)
	if err != nil {
		return nil, err
	}
	queued, err := pgx.CollectRows(rows, pgx.RowToStructByPos[QueuedRun])
	if err != nil || len(queued) == 0 {
		return nil, err
	}
	jobs, err := s.queue.Enqueue(ctx, tx, queued)
	if err != nil {
		return nil, fmt.Errorf("queue jobs: %w", err)
	}
	taken := make([]string, len(queued))
	for i, run := range queued {
		ids[i], taken[i] = run.Run, run.Account
	}
	const link = `UPDATE sync_runs SET job_id = job FROM unnest($1::uuid[], $2::bigint[]) AS new (run, job) WHERE id = run`
	if _, err := tx.Exec(ctx, link, ids[:len(queued)], jobs); err != nil {
		return nil, err
	}
	const wait = `UPDATE schedules SET next_sync_time = 'infinity' WHERE account = ANY ($1)`
	_, err = tx.Exec(ctx, wait, taken)
	return queued, postgres.Fault(err)
}
