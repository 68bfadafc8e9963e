package app_test

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/migrations"
	"github.com/rollcall-dev/rollcall/services/accounts/app"
	accountspg "github.com/rollcall-dev/rollcall/services/accounts/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// TestNew_Errors starts the service with invalid configurations. What it opened is closed again, or
// the goroutine check of the test binary fails.
func TestNew_Errors(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	right := app.Config{
		DatabaseURL: dbtest.New(t, template).URL, GRPC: serve.Pipe(), Internal: serve.Pipe(),
		DiscoveryKey: auth.NewKey(), Logging: serve.Logging{Out: io.Discard},
	}
	for name, c := range map[string]struct {
		damage func(*app.Config)
		want   string
	}{
		"no key":           {func(c *app.Config) { c.DiscoveryKey = auth.Key{} }, "ROLLCALL_DISCOVERY_KEY"},
		"bad database URL": {func(c *app.Config) { c.DatabaseURL = "postgres://u:secret@:port/" }, "postgres://user:password@host:port/database"},
		"no such database": {func(c *app.Config) { c.DatabaseURL = strings.Replace(c.DatabaseURL, "?", "x?", 1) }, "does not exist"},
		"port in use":      {func(c *app.Config) { c.Internal = serve.Address(taken.Addr().String()) }, "in use by another program"},
	} {
		config := right
		config.GRPC = serve.Pipe()
		c.damage(&config)
		_, err := app.New(t.Context(), config)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want it to say %q", name, err, c.want)
		}
	}
}

// TestTwoReplicas runs the service twice on one empty database, which both migrate at the same
// time, as in a rollout.
func TestTwoReplicas(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, dbtest.Template{Service: "accounts", Name: "empty"})
	replicas := make([]*app.App, 2)
	errs := make([]error, 2)
	config := app.Config{DatabaseURL: db.URL, DiscoveryKey: auth.NewKey(), Logging: serve.Logging{Out: io.Discard}}
	inParallel(2, func(i int) {
		c := config
		c.GRPC, c.Internal = serve.Pipe(), serve.Pipe()
		replicas[i], errs[i] = app.New(context.Background(), c)
	})
	for i, replica := range replicas {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		replica.Close()
		replica.Close() // once more does no harm
	}
	s := startOn(t, db.URL)
	s.create(t, full())
}

// TestNew_OldDatabase starts the service on the database of a version without a connection status:
// its accounts exist and are UNKNOWN.
func TestNew_OldDatabase(t *testing.T) {
	t.Parallel()
	version1 := template
	version1.Name = "version 1"
	version1.Migrate = func(ctx context.Context, url string) error {
		return postgres.MigrateTo(ctx, url, migrations.Accounts(), accountspg.Schema, 1)
	}
	db := dbtest.New(t, version1)
	_, err := db.Pool(t).Exec(t.Context(), `
		INSERT INTO accounts (id, provider, cloud_id, display_name, credentials_method)
		VALUES ('old', 'AWS', '100000000001', 'Old', 'AWS_DEFAULT')`)
	if err != nil {
		t.Fatal(err)
	}
	s := startOn(t, db.URL)
	wantConnection(t, s.get(t, "accounts/old").GetConnection(), &accountsv1.Connection{Status: accountsv1.Connection_UNKNOWN})
	found := s.list(t, &accountsv1.ListAccountsRequest{Filter: "connection.status = UNKNOWN"})
	if found.GetTotalSize() != 1 {
		t.Errorf("%d accounts are UNKNOWN", found.GetTotalSize())
	}
	s.take(t, syncing("accounts/old", 1, time.Minute))
}
