package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/migrations"
	"github.com/rollcall-dev/rollcall/services/discovery/postgres"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/sync"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// This version reads and writes rows of the first version, and the first version those of this
// one, because both run during an update.
func TestMigrate_FromVersion1(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, dbtest.Template{
		Service: postgres.Schema,
		Name:    "version 1",
		Version: dbtest.HashFS(migrations.Discovery()),
		Migrate: func(ctx context.Context, url string) error {
			return kit.MigrateTo(ctx, url, migrations.Discovery(), postgres.Schema, 1)
		},
	})
	pool := db.Pool(t)
	const run = "0197b0a0-0000-7000-8000-000000000001"
	oldScope := `INSERT INTO sync_run_scopes (run, kind, location, state, gone) VALUES ($1, 'DATABASE', $2, 'FAILED', 3)`
	exec(t, pool, `INSERT INTO schedules (account, update_time, paused, next_sync_time) VALUES ('a', now(), false, 'infinity')`)
	exec(t, pool, `INSERT INTO sync_runs (id, account, state, trigger, fencing_token, lease_time, start_time)
		VALUES ($1, 'a', 'RUNNING', 'SCHEDULE', 7, now() + interval '1 hour', now())`, run)
	exec(t, pool, oldScope, run, "eu-west-1")
	if err := kit.Migrate(t.Context(), db.URL, migrations.Discovery(), postgres.Schema); err != nil {
		t.Fatal(err)
	}
	exec(t, pool, oldScope, run, "us-east-1") // An old replica is still running.
	store := postgres.New(pool, nil)
	claim := sync.Claim{Run: run, Account: "a", Token: 7}
	held := sync.ScopeResult{ScopeID: provider.ScopeID{Kind: cloud.VirtualMachine, Location: "eu-west-1"}, State: sync.ScopeHeld}
	held.Missing = 9
	if err := store.Progress(t.Context(), claim, []sync.ScopeResult{held}, sync.Totals{ScopesTotal: 3, ScopesDone: 3, ScopesFailed: 2}); err != nil {
		t.Fatal(err)
	}
	if err := store.Conclude(t.Context(), claim, sync.Outcome{State: sync.RunSucceeded}, time.Hour, 0); err != nil {
		t.Fatal(err)
	}
	read, err := store.Run(t.Context(), run)
	if err != nil || len(read.Scopes) != 3 {
		t.Fatalf("the run reads %+v, %v", read, err)
	}
	for _, scope := range read.Scopes {
		isHeld := scope.Kind == cloud.VirtualMachine
		if (scope.State == sync.ScopeHeld) != isHeld || (scope.Missing == 9) != isHeld || (scope.Gone == 3) == isHeld {
			t.Errorf("a scope reads %+v", scope)
		}
	}
}
