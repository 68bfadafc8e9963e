package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"google.golang.org/grpc"

	accountsgrpc "github.com/rollcall-dev/rollcall/services/accounts/grpc"
	"github.com/rollcall-dev/rollcall/services/accounts/keys"
	"github.com/rollcall-dev/rollcall/services/accounts/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/lifecycle"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// discovery is the one caller of the internal endpoint.
const discovery = "discovery"

// App is the accounts service. Its database is migrated and its endpoints listen.
type App struct {
	life   *lifecycle.App
	meter  *serve.Meter
	logger *slog.Logger
}

// New builds the service. If it fails, everything that it opened is closed.
func New(ctx context.Context, config Config) (*App, error) {
	if config.DiscoveryKey.IsZero() {
		return nil, errors.New("ROLLCALL_DISCOVERY_KEY is not set: accounts could not verify calls from discovery")
	}
	a := &App{life: lifecycle.New(), logger: config.Logger(os.Stderr)}
	if err := a.life.Build(func() error { return a.build(ctx, config) }); err != nil {
		return nil, fmt.Errorf("accounts: %w", err)
	}
	return a, nil
}

func (a *App) build(ctx context.Context, config Config) (err error) {
	if a.meter, err = config.Metrics.Open(ctx, a.logger); err != nil {
		return err
	}
	a.life.Defer(a.meter.Close)
	a.life.Go("metrics", a.meter.Serve)
	store, err := postgres.Open(ctx, config.DatabaseURL, a.logger)
	if err != nil {
		return err
	}
	a.life.Defer(store.Close)
	ring, err := a.openRing(ctx, config, store)
	if err != nil {
		return err
	}
	backend := accountsgrpc.Backend{
		Store: store, Vault: ring, Hosts: config.AllowedTokenHosts, Logger: a.logger,
		Fetches: accountsgrpc.NewFetches(a.meter),
		Rotate:  func(ctx context.Context) (int64, error) { return ring.Rotate(ctx, store) },
	}
	forAll := serve.GRPCOptions{Logger: a.logger, Ready: store.Ping}
	if err := a.listen(ctx, config.GRPC, forAll,
		accountsgrpc.RegisterAccounts(backend), accountsgrpc.RegisterKeys(backend)); err != nil {
		return err
	}
	forDiscovery := forAll
	forDiscovery.Authorize = auth.Require(config.DiscoveryKey, discovery)
	return a.listen(ctx, config.Internal, forDiscovery,
		accountsgrpc.RegisterAccounts(backend), accountsgrpc.RegisterConnections(backend))
}

// openRing opens the keys that the store's secrets are encrypted with.
func (a *App) openRing(ctx context.Context, config Config, store *postgres.Store) (*keys.Ring, error) {
	used, err := store.KeyIDs(ctx)
	if err != nil {
		return nil, err
	}
	ring, err := keys.Open(keys.Config{KeysetFile: config.KeysetFile, KMSKeyURIs: config.KMSKeyURIs, Logger: a.logger}, used)
	if err != nil {
		return nil, err
	}
	a.life.Defer(ring.Close)
	store.CheckKeys(ring.Check)
	return ring, nil
}

// listen opens an endpoint with the given services.
func (a *App) listen(ctx context.Context, at serve.Endpoint, options serve.GRPCOptions, services ...func(grpc.ServiceRegistrar)) error {
	server, err := serve.NewGRPC(options, services...)
	if err != nil {
		return err
	}
	listener, err := a.life.Listen(ctx, at)
	if err != nil {
		return err
	}
	a.life.Go("gRPC", func(ctx context.Context) error {
		a.logger.InfoContext(ctx, "listening", "address", listener.Addr().String())
		return server.Serve(ctx, listener)
	})
	return nil
}

// Run serves until ctx ends, waits for running calls to end, and closes the service.
func (a *App) Run(ctx context.Context) error { return a.life.Run(ctx) }

// Close closes a service that is not run. Run closes the service by itself.
func (a *App) Close() error { return a.life.Close() }
