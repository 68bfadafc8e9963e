package postgres_test

import (
	"testing"

	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// Rows that can't be true are rejected by named constraints.
func TestConstraints(t *testing.T) {
	t.Parallel()
	_, pool := newStore(t)
	const id = `'01a20a7c-5653-798c-bf11-b4562dbd568e'`
	exec(t, pool, `INSERT INTO sync_runs (id, account, state, trigger) VALUES (`+id+`, 'a', 'QUEUED', 'REQUEST')`)
	for want, sql := range map[string]string{
		"sync_runs_pkey":                `INSERT INTO sync_runs (id, account, state, trigger) VALUES (` + id + `, 'b', 'QUEUED', 'REQUEST')`,
		"sync_runs_active_key":          `INSERT INTO sync_runs (id, account, state, trigger) VALUES (gen_random_uuid(), 'a', 'QUEUED', 'REQUEST')`,
		"sync_runs_state_check":         `UPDATE sync_runs SET state = 'DREAMING', end_time = now()`,
		"sync_runs_trigger_check":       `UPDATE sync_runs SET trigger = 'WHIM'`,
		"sync_runs_running_check":       `UPDATE sync_runs SET state = 'RUNNING'`,
		"sync_runs_end_time_check":      `UPDATE sync_runs SET end_time = now()`,
		"sync_runs_scopes_check":        `UPDATE sync_runs SET scopes_done = 1`,
		"sync_run_scopes_run_fkey":      `INSERT INTO sync_run_scopes (run, kind, location, state) VALUES (gen_random_uuid(), 'DATABASE', 'x', 'PENDING')`,
		"sync_run_scopes_kind_check":    `INSERT INTO sync_run_scopes (run, kind, location, state) VALUES (` + id + `, 'TOASTER', 'x', 'PENDING')`,
		"sync_run_scopes_state_check":   `INSERT INTO sync_run_scopes (run, kind, location, state) VALUES (` + id + `, 'DATABASE', 'x', 'TOASTED')`,
		"schedules_sync_interval_check": `INSERT INTO schedules (account, update_time, sync_interval, paused, next_sync_time) VALUES ('a', now(), '0', false, now())`,
	} {
		_, err := pool.Exec(t.Context(), sql)
		if got := kit.Constraint(err); got != want {
			t.Errorf("%s: violates %q (%v), want %q", sql, got, err, want)
		}
	}
}
