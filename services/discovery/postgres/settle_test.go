package postgres_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/sync"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

// An account with a held scope is due again soon, later after each such run in a row, and never
// later than usual.
func TestConclude_HeldScope(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	follow(t, s, provider.Account{ID: "a", UpdateTime: time.Now()})
	held := sync.Outcome{State: sync.RunDegraded, Held: true}
	end := func(outcome sync.Outcome) time.Duration {
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
	if wait := end(sync.Outcome{State: sync.RunSucceeded}); wait != time.Hour {
		t.Errorf("after a run that went well it is due in %s", wait)
	}
	if wait := end(held); wait != time.Minute {
		t.Errorf("held again, it is due in %s", wait)
	}
}

// Accounts with a held scope are returned with it, and can be made due, unless they are paused,
// have a run or are due.
func TestWaiting(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	held := provider.ScopeID{Kind: cloud.VirtualMachine, Location: "eu-west-1"}
	scopes := []sync.ScopeResult{
		{ScopeID: held, State: sync.ScopeHeld},
		{ScopeID: provider.ScopeID{Kind: cloud.Database, Location: "eu-west-1"}, State: sync.ScopeFailed},
		{ScopeID: provider.ScopeID{Kind: cloud.Database, Location: "us-east-1"}, State: sync.ScopeSucceeded},
	}
	for _, account := range []string{"a", "b", "c", "well", "paused", "busy", "due"} {
		follow(t, s, provider.Account{ID: account, UpdateTime: time.Now()})
		run := claim(t, s, account)
		if err := s.Read(t.Context(), run, scopes, sync.Totals{}); err != nil {
			t.Fatal(err)
		}
		if err := s.Conclude(t.Context(), run, sync.Outcome{State: sync.RunDegraded, Held: account != "well"}, time.Hour, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	exec(t, pool, `UPDATE schedules SET paused = true WHERE account = 'paused'`)
	exec(t, pool, `UPDATE schedules SET next_sync_time = now() WHERE account = 'due'`)
	claim(t, s, "busy")
	waiting := func(limit int) map[string][]provider.ScopeID {
		t.Helper()
		found, err := s.Waiting(t.Context(), limit)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	want := map[string][]provider.ScopeID{"a": {held}, "b": {held}, "c": {held}}
	if got := waiting(9); !reflect.DeepEqual(got, want) {
		t.Errorf("waiting are %v, want %v", got, want)
	}
	if got := waiting(2); len(got) != 2 {
		t.Errorf("of at most two, waiting are %v", got)
	}
	for _, account := range []string{"a", "paused", "busy", "nobody"} {
		if err := s.Hasten(t.Context(), account); err != nil {
			t.Fatal(err)
		}
	}
	delete(want, "a")
	if got := waiting(9); !reflect.DeepEqual(got, want) {
		t.Errorf("then waiting are %v, want %v", got, want)
	}
	if queued := queueDue(t, s); queued != 2 {
		t.Errorf("%d are due, want the one that was made so and the one that was", queued)
	}
}
