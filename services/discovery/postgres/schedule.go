package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// Newest returns the newest update time of all accounts in the schedule; zero if there are none.
func (s *Store) Newest(ctx context.Context) (time.Time, error) {
	var newest *time.Time
	err := s.pool.QueryRow(ctx, `SELECT max(update_time) FROM schedules`).Scan(&newest)
	if err != nil || newest == nil {
		return time.Time{}, postgres.Fault(err)
	}
	return *newest, nil
}

// Follow stores the settings of accounts. An account that is new or has changed is due at once;
// one that has not changed is not written.
func (s *Store) Follow(ctx context.Context, accounts []provider.Account) error {
	const follow = `
		INSERT INTO schedules AS stored (account, update_time, sync_interval, paused, next_sync_time)
		SELECT account, update_time, NULLIF(sync_interval, interval '0'), paused, now()
		FROM unnest($1::text[], $2::timestamptz[], $3::interval[], $4::boolean[])
			AS new (account, update_time, sync_interval, paused)
		ON CONFLICT (account) DO UPDATE SET
			update_time = excluded.update_time, sync_interval = excluded.sync_interval, paused = excluded.paused,
			next_sync_time = now(), abandoned_in_a_row = 0, missing_since = NULL
		WHERE stored.update_time < excluded.update_time OR stored.missing_since IS NOT NULL`
	var (
		ids       = make([]string, len(accounts))
		updated   = make([]time.Time, len(accounts))
		intervals = make([]time.Duration, len(accounts))
		paused    = make([]bool, len(accounts))
	)
	for i, a := range accounts {
		ids[i], updated[i], intervals[i], paused[i] = a.ID, a.UpdateTime, a.SyncInterval, a.Paused
	}
	_, err := s.pool.Exec(ctx, follow, ids, updated, intervals, paused)
	return postgres.Fault(err)
}

// Known returns the ids of accounts in the schedule, in order, after a given one.
func (s *Store) Known(ctx context.Context, after string, limit int) ([]string, error) {
	const known = `SELECT account FROM schedules WHERE account > $1 ORDER BY account LIMIT $2`
	return s.texts(ctx, known, after, limit)
}

// Missing ends the runs of an account that is no longer registered, and reports whether no
// worker can be reading it any more: every worker stops when its lease ends.
func (s *Store) Missing(ctx context.Context, account string, lease time.Duration) (quiet bool, err error) {
	const missing = `
		UPDATE schedules SET missing_since = coalesce(missing_since, now()) WHERE account = $1
		RETURNING NOT EXISTS (SELECT FROM sync_runs WHERE sync_runs.account = $1 AND end_time > now() - $2::interval)`
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockSchedule(ctx, tx, account); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, abandonSQL(`account = $2 AND state IN ('QUEUED', 'RUNNING')`), "the account is no longer registered", account)
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, missing, account, lease).Scan(&quiet)
	})
	return quiet, err
}

// Forget deletes an account with all its runs and API budgets, unless it was registered again.
func (s *Store) Forget(ctx context.Context, account string) error {
	const forget = `
		WITH gone AS (DELETE FROM schedules WHERE account = $1 AND missing_since IS NOT NULL RETURNING account),
		budgets AS (DELETE FROM api_budgets USING gone WHERE api_budgets.account = gone.account)
		DELETE FROM sync_runs USING gone WHERE sync_runs.account = gone.account`
	_, err := s.pool.Exec(ctx, forget, account)
	return postgres.Fault(err)
}

// Waiting returns accounts that are not due yet and whose last run left scopes held, with these
// scopes: at most limit accounts, in random order.
func (s *Store) Waiting(ctx context.Context, limit int) (map[string][]provider.ScopeID, error) {
	const waiting = `
		SELECT w.account, c.kind, c.location
		FROM (
			SELECT account, (SELECT id FROM sync_runs r WHERE r.account = s.account AND end_time IS NOT NULL ORDER BY id DESC LIMIT 1) AS last
			FROM schedules s
			WHERE held_in_a_row > 0 AND next_sync_time > now() AND next_sync_time < 'infinity' AND NOT paused AND missing_since IS NULL
			ORDER BY random() LIMIT $1
		) w JOIN sync_run_scopes c ON c.run = w.last AND c.state = 'HELD'`
	rows, err := s.pool.Query(ctx, waiting, limit)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	held := map[string][]provider.ScopeID{}
	var account string
	var scope provider.ScopeID
	_, err = pgx.ForEachRow(rows, []any{&account, &scope.Kind, &scope.Location}, func() error {
		held[account] = append(held[account], scope)
		return nil
	})
	return held, postgres.Fault(err)
}

// Hasten makes an account due now, unless it is paused or has a run.
func (s *Store) Hasten(ctx context.Context, account string) error {
	const hasten = `
		UPDATE schedules SET next_sync_time = now()
		WHERE account = $1 AND next_sync_time > now() AND next_sync_time < 'infinity' AND NOT paused`
	_, err := s.pool.Exec(ctx, hasten, account)
	return postgres.Fault(err)
}
