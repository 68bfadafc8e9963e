package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/rollcall-dev/rollcall/migrations"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// A transaction that waits for a scope ends with its caller, and changes nothing.
func TestLocks_WaitingEndsWithTheCaller(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	obs := observation("aws-1", "eu-west-1", 1)
	apply(t, store, obs, machine("eu-west-1", 1))
	holder, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = holder.Rollback(context.Background()) }) // it has ended, unless the test failed
	if _, err := holder.Exec(t.Context(), `SELECT FROM scopes FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	obs.Fence = 2
	for name, call := range map[string]func(ctx context.Context) error{
		"a snapshot": func(ctx context.Context) error { _, err := store.ingest.Begin(ctx, obs); return err },
		"a single observation": func(ctx context.Context) error {
			_, err := store.ingest.Upsert(ctx, obs, machine("eu-west-1", 2))
			return err
		},
		"a failure": func(ctx context.Context) error {
			return store.ingest.Fail(ctx, obs, inventory.Failure{Reason: "INTERNAL"})
		},
		"a removal": func(ctx context.Context) error { return store.ingest.RemoveAccount(ctx, "aws-1", 2) },
	} {
		ctx, giveUp := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- call(ctx) }()
		awaitWaiter(t, pool)
		giveUp()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("%s ended with %v", name, err)
		}
	}
	if err := holder.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, err := store.List(t.Context(), inventory.ListRequest{PageSize: 9})
	if err != nil || page.TotalSize != 1 || len(page.Freshness.Unreachable) != 0 {
		t.Errorf("%+v, %v", page, err)
	}
}

// Two processes that start at once on an empty database migrate it once, and one that starts later
// does nothing.
func TestMigration_AtOnce(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, dbtest.Template{Service: "inventory", Name: "empty"})
	var group sync.WaitGroup
	errs := make([]error, 3)
	for n := range errs {
		group.Go(func() { errs[n] = kit.Migrate(t.Context(), db.URL, migrations.Inventory(), "inventory") })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	store, _ := openOn(t, db)
	apply(t, store, observation("aws-1", "eu-west-1", 1), machine("eu-west-1", 1))
	if err := kit.Migrate(t.Context(), db.URL, migrations.Inventory(), "inventory"); err != nil {
		t.Fatal(err)
	}
	if page, err := store.List(t.Context(), inventory.ListRequest{PageSize: 9}); err != nil || page.TotalSize != 1 {
		t.Errorf("%+v, %v", page, err)
	}
}

// A database without the tables is an internal error and not the caller's.
func TestErrors_Internal(t *testing.T) {
	t.Parallel()
	store, _ := openOn(t, dbtest.New(t, dbtest.Template{Service: "inventory", Name: "empty"}))
	_, err := store.List(t.Context(), inventory.ListRequest{PageSize: 9})
	if err == nil || fault.KindOf(err) != fault.KindInternal {
		t.Errorf("got %v", err)
	}
}
