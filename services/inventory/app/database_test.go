package app_test

import (
	"net"
	"strings"
	"testing"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
	"github.com/rollcall-dev/rollcall/services/inventory/app"
)

// Without its database every request is UNAVAILABLE, and so is the health check. Nothing is half
// applied, and the service continues when the database is back.
func TestDatabaseUnavailable(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t)
	s := startOn(t, server.New(t, migrated))
	s.apply(t, observation(account, region, 1), machines(region, 0, 3)...)
	s.awaitHealth(t, healthpb.HealthCheckResponse_SERVING)
	reading := s.halfway(t, observation(account, region, 5), machines(region, 1, 5)...)

	server.Stop(t)
	s.awaitHealth(t, healthpb.HealthCheckResponse_NOT_SERVING)
	_, err := s.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{})
	refused(t, err, codes.Unavailable, "UNAVAILABLE")
	_, err = s.LookupInstance(t.Context(), byName("web-1"))
	refused(t, err, codes.Unavailable, "UNAVAILABLE")
	_, err = s.ListScopes(t.Context(), &inventoryv1.ListScopesRequest{})
	refused(t, err, codes.Unavailable, "UNAVAILABLE")
	_, err = s.snapshot(t, observation(account, region, 3), machine(region, 1))
	refused(t, err, codes.Unavailable, "UNAVAILABLE")
	_, err = s.single(t, 6, machine(region, 1))
	refused(t, err, codes.Unavailable, "UNAVAILABLE")
	_, err = reading.finish(t)
	refused(t, err, codes.Unavailable, "UNAVAILABLE")

	server.Start(t)
	s.awaitHealth(t, healthpb.HealthCheckResponse_SERVING)
	if all := s.list(t, &inventoryv1.ListInstancesRequest{}); len(all) != 3 {
		t.Errorf("%d instances after an observation that was not applied", len(all))
	}
	// The claim of the failed observation does not block a newer one.
	if resp := s.apply(t, observation(account, region, 6), machines(region, 1, 5)...); resp.GetGone() != 1 || resp.GetCreated() != 2 {
		t.Errorf("got %v", resp)
	}
}

func TestDatabaseKilled(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t)
	s := startOn(t, server.New(t, migrated))
	s.apply(t, observation(account, region, 1), machines(region, 0, 30)...)
	server.Kill(t)
	server.AwaitReady(t)
	s.awaitHealth(t, healthpb.HealthCheckResponse_SERVING)
	for {
		resp, err := s.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{})
		if status.Code(err) == codes.Unavailable {
			continue // old connections fail one by one
		}
		if err != nil || len(resp.GetInstances()) != 30 {
			t.Errorf("%d instances, %v", len(resp.GetInstances()), err)
		}
		return
	}
}

// awaitHealth waits until the health check of the service has this status.
func (s *service) awaitHealth(t *testing.T, want healthpb.HealthCheckResponse_ServingStatus) {
	t.Helper()
	watch, err := healthpb.NewHealthClient(s.public).Watch(dbtest.Context(t), &healthpb.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for {
		resp, err := watch.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if resp.GetStatus() == want {
			return
		}
	}
}

// If the service can't start, New returns the reason and leaves nothing open.
func TestNew_Errors(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, migrated)
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, c := range map[string]struct {
		change func(*app.Config)
		says   string
	}{
		"an address that is taken":          {func(c *app.Config) { c.GRPC = serve.Address(taken.Addr().String()) }, "in use"},
		"an internal address that is taken": {func(c *app.Config) { c.Internal = serve.Address(taken.Addr().String()) }, "in use"},
		"an unreadable database URL":        {func(c *app.Config) { c.DatabaseURL = "postgres://:secret@x:y" }, "can't be read"},
		"a wrong password":                  {func(c *app.Config) { c.DatabaseURL = strings.Replace(c.DatabaseURL, "://", "://nobody:secret@", 1) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := app.Config{DatabaseURL: db.URL, GRPC: serve.Address("localhost:0"), Internal: serve.Address("localhost:0"),
				DiscoveryKey: auth.NewKey(), Logging: serve.Logging{Level: 12}}
			c.change(&cfg)
			a, err := app.New(t.Context(), cfg)
			if err == nil {
				a.Close()
				t.Fatal("it started")
			}
			if !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v does not say %q", err, c.says)
			}
		})
	}
}
