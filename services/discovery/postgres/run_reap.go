package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// Reap ends runs whose worker is dead, makes their accounts due, and returns those accounts.
func (s *Store) Reap(ctx context.Context, lease time.Duration) ([]string, error) {
	const why = "its worker died; the account is read again from the start"
	candidates, err := s.texts(ctx, `SELECT account FROM sync_runs WHERE `+deadSQL("$1"), lease)
	var reaped []string
	for _, account := range candidates {
		err := s.inTx(ctx, func(tx pgx.Tx) error {
			if err := lockSchedule(ctx, tx, account); err != nil {
				return err
			}
			// The worker may have renewed its lease in the meantime.
			tag, err := tx.Exec(ctx, abandonSQL(`account = $2 AND (`+deadSQL("$3")+`)`), why, account, lease)
			if err != nil || tag.RowsAffected() == 0 {
				return err
			}
			reaped = append(reaped, account)
			return dueAfterDeath(ctx, tx, account)
		})
		if err != nil {
			return reaped, err
		}
	}
	return reaped, err
}

// deadSQL returns a condition that matches runs that no worker works on or will ever work on.
// The worker of a running run is dead if its lease has expired. A queued run is lost if its job
// no longer delivers it to a worker: the job was deleted or has ended, or a worker took it a
// whole lease ago and never claimed the run.
func deadSQL(lease string) string {
	return `
		state = 'RUNNING' AND lease_time < now()
		OR state = 'QUEUED' AND create_time < now() - ` + lease + `::interval AND NOT EXISTS (
			SELECT FROM river_job j WHERE j.id = job_id AND (
				j.finalized_at IS NULL AND j.state <> 'running' OR
				j.state = 'running' AND j.attempted_at > now() - ` + lease + `::interval))`
}

// dueAfterDeath makes an account due whose worker died: at once the first time, and later each
// time in a row, because the account itself may cause the death.
func dueAfterDeath(ctx context.Context, tx pgx.Tx, account string) error {
	const due = `
		UPDATE schedules
		SET abandoned_in_a_row = abandoned_in_a_row + 1,
		    next_sync_time = CASE WHEN abandoned_in_a_row = 0 THEN now()
			ELSE now() + least(interval '5 minutes', interval '5 seconds' * 2 ^ least(abandoned_in_a_row, 10)) END
		WHERE account = $1`
	_, err := tx.Exec(ctx, due, account)
	return err
}

// pruneAtOnce bounds what one statement deletes.
const pruneAtOnce = 1000

// Prune deletes runs that ended long ago, or that many newer runs of the account follow, and
// returns how many. The newest run of each account stays.
func (s *Store) Prune(ctx context.Context, olderThan time.Duration, keep int) (int, error) {
	const prune = `
		DELETE FROM sync_runs WHERE id IN (
			SELECT id FROM (
				SELECT id, end_time, row_number() OVER (PARTITION BY account ORDER BY id DESC) AS place
				FROM sync_runs) AS placed
			WHERE end_time IS NOT NULL AND place > 1 AND (place > $2 OR end_time < now() - $1::interval)
			LIMIT $3)`
	pruned := 0
	for {
		tag, err := s.pool.Exec(ctx, prune, olderThan, keep, pruneAtOnce)
		if err != nil {
			return pruned, postgres.Fault(err)
		}
		pruned += int(tag.RowsAffected())
		if tag.RowsAffected() < pruneAtOnce {
			return pruned, nil
		}
	}
}
