package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/discovery/sync"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

const (
	// endingLimit bounds how long QueueRun waits for a run that is about to end. It also
	// bounds how long it tries again after a conflict with the scheduler, which is possible
	// while a new account has no row to lock.
	endingLimit = 5 * time.Second
	endingEvery = 50 * time.Millisecond
)

// QueueRun queues a run of an account and returns it, or returns the run that is queued or
// running already. It waits for a run that has read everything and is about to end, because
// the caller expects to see the cloud as it is now.
func (s *Store) QueueRun(ctx context.Context, account string, trigger sync.Trigger) (*sync.Run, error) {
	deadline := time.Now().Add(endingLimit)
	tick := time.NewTicker(endingEvery)
	defer tick.Stop()
	for {
		id, ending, err := s.queueOrFind(ctx, account, trigger)
		late := time.Now().After(deadline)
		switch {
		case err == nil && (!ending || late):
			return s.Run(ctx, id)
		case err != nil && (late || fault.KindOf(err) != fault.KindAborted):
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}

// queueOrFind queues a run of an account, or finds the one that is active, and reports whether
// that one is about to end.
func (s *Store) queueOrFind(ctx context.Context, account string, trigger sync.Trigger) (id string, ending bool, err error) {
	const active = `
		SELECT id::text, read_time IS NOT NULL FROM sync_runs WHERE account = $1 AND state IN ('QUEUED', 'RUNNING')`
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockSchedule(ctx, tx, account); err != nil {
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
		err = tx.QueryRow(ctx, active, account).Scan(&id, &ending)
		if errors.Is(err, pgx.ErrNoRows) { // It ended between the two statements.
			id, ending = "", true
			return nil
		}
		return err
	})
	return id, ending, err
}

// lockSchedule locks the row of an account in the schedule. Every transaction that changes both
// the schedule and the runs of an account calls it first, so that no two wait for each other.
func lockSchedule(ctx context.Context, tx pgx.Tx, account string) error {
	_, err := tx.Exec(ctx, `SELECT FROM schedules WHERE account = $1 FOR UPDATE`, account)
	return err
}

// QueueDue queues a run for each account that is due and has none, at most limit of them, and
// returns how many.
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
		queued, err := s.insertRuns(ctx, tx, accounts, sync.BySchedule)
		count = len(queued)
		return err
	})
	return count, err
}

// insertRuns queues a run and its job for each of the accounts that has none, in tx. While an
// account has a run, it is never due ("infinity"), unless its settings change meanwhile.
func (s *Store) insertRuns(ctx context.Context, tx pgx.Tx, accounts []string, trigger sync.Trigger) ([]QueuedRun, error) {
	ids := make([]string, len(accounts))
	for i := range ids {
		id, err := newID()
		if err != nil {
			return nil, err
		}
		ids[i] = id
	}
	const insert = `
		INSERT INTO sync_runs (id, account, state, trigger)
		SELECT id, account, 'QUEUED', $3 FROM unnest($1::uuid[], $2::text[]) AS new (id, account)
		ON CONFLICT (account) WHERE state IN ('QUEUED', 'RUNNING') DO NOTHING
		RETURNING id::text, account, COALESCE((SELECT slow FROM schedules s WHERE s.account = sync_runs.account), false)`
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
