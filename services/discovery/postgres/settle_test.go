package postgres_test

import (
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
)

// An account with a held scope is due again soon, later after each such run in a
// row, and never later than usual.
func TestDueToSettle(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	follow(t, s, discovery.Account{ID: "a", UpdateTime: time.Now()})
	held := discovery.Outcome{State: discovery.RunDegraded, Held: true}
	end := func(outcome discovery.Outcome) time.Duration {
		t.Helper()
		exec(t, pool, `UPDATE schedules SET next_sync_time = now()`)
		if err := s.Conclude(t.Context(), claim(t, s, "a"), outcome, time.Hour, time.Minute); err != nil {
			t.Fatal(err)
		}
		var wait time.Duration
		err := pool.QueryRow(t.Context(), `SELECT next_sync_time - (SELECT max(end_time) FROM sync_runs) FROM schedules`).Scan(&wait)
		if err != nil {
			t.Fatal(err)
		}
		return wait
	}
	for i, minutes := range []int{1, 2, 4, 8, 16, 32, 60, 60} {
		if wait := end(held); wait != time.Duration(minutes)*time.Minute {
			t.Errorf("after %d runs in a row it is due in %s, want %d minutes", i+1, wait, minutes)
		}
	}
	if wait := end(discovery.Outcome{State: discovery.RunSucceeded}); wait != time.Hour {
		t.Errorf("after a run that went well it is due in %s", wait)
	}
	if wait := end(held); wait != time.Minute {
		t.Errorf("held anew, it is due in %s", wait)
	}
}
