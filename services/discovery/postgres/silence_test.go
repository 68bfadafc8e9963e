package postgres_test

import (
	"testing"

	"github.com/rollcall-dev/rollcall/services/discovery/postgres"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/sync"
)

// A worker that is stopped in a transaction does not lock its account for ever.
func TestOpen_EndsIdleTransactions(t *testing.T) {
	t.Parallel()
	s, inspect := newStore(t)
	follow(t, s, provider.Account{ID: "a"})
	stopped, err := postgres.Open(t.Context(), inspect.Config().ConnString(), 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stopped.Close()
	tx, err := stopped.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }() // Postgres has ended it.
	if _, err := tx.Exec(t.Context(), `SELECT FROM schedules WHERE account = 'a' FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.QueueRun(t.Context(), "a", sync.ByRequest); err != nil {
		t.Errorf("the account can't be synced: %v", err)
	}
	if err := tx.Commit(t.Context()); err == nil {
		t.Error("the idle transaction was committed")
	}
}
