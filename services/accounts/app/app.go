package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	accountsgrpc "github.com/rollcall-dev/rollcall/services/accounts/grpc"
	"github.com/rollcall-dev/rollcall/services/accounts/keys"
	"github.com/rollcall-dev/rollcall/services/accounts/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// discovery is the one caller of the internal endpoint.
const discovery = "discovery"

// App is the accounts service: its database is migrated, and its endpoints
// listen.
type App struct {
	doors  []door
	meter  *serve.Meter
	logger *slog.Logger

	closers []func()
	closing sync.Once
}

// door is a listener and the server behind it.
type door struct {
	listener net.Listener
	server   *serve.Server
}

// New builds the service. What it opened before it failed is closed again.
func New(ctx context.Context, config Config) (*App, error) {
	if config.DiscoveryKey.IsZero() {
		return nil, errors.New("ROLLCALL_DISCOVERY_KEY is not set: accounts would not know discovery when it calls")
	}
	a := &App{logger: config.Logger(os.Stderr)}
	if err := a.build(ctx, config); err != nil {
		a.Close()
		return nil, fmt.Errorf("accounts: %w", err)
	}
	return a, nil
}

func (a *App) build(ctx context.Context, config Config) (err error) {
	if a.meter, err = config.Metrics.Open(ctx, a.logger); err != nil {
		return err
	}
	a.closers = append(a.closers, a.meter.Close)
	store, err := postgres.Open(ctx, config.DatabaseURL, a.logger)
	if err != nil {
		return err
	}
	a.closers = append(a.closers, store.Close)
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
	if err := a.addDoor(ctx, config.GRPC, forAll,
		accountsgrpc.RegisterAccounts(backend), accountsgrpc.RegisterKeys(backend)); err != nil {
		return err
	}
	forDiscovery := forAll
	forDiscovery.Authorize = auth.Require(config.DiscoveryKey, discovery)
	return a.addDoor(ctx, config.Internal, forDiscovery,
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
	a.closers = append(a.closers, ring.Close)
	store.CheckKeys(ring.Check)
	return ring, nil
}

// addDoor opens one endpoint.
func (a *App) addDoor(ctx context.Context, at serve.Endpoint, options serve.GRPCOptions, services ...func(grpc.ServiceRegistrar)) error {
	server, err := serve.NewGRPC(options, services...)
	if err != nil {
		return err
	}
	listener, err := at.Listen(ctx)
	if err != nil {
		return err
	}
	a.doors = append(a.doors, door{listener: listener, server: server})
	// Closing once more after the server did is harmless.
	a.closers = append(a.closers, func() { _ = listener.Close() })
	return nil
}

// Run serves until ctx ends, lets running calls end, and closes the service.
func (a *App) Run(ctx context.Context) error {
	defer a.Close()
	group, ctx := errgroup.WithContext(ctx)
	for _, d := range a.doors {
		a.logger.InfoContext(ctx, "accounts listens", "address", d.listener.Addr().String())
		group.Go(func() error { return d.server.Serve(ctx, d.listener) })
	}
	group.Go(func() error { return a.meter.Serve(ctx) })
	return group.Wait()
}

// Close closes what New opened, in reverse. For a service that is not run; Run
// does it by itself.
func (a *App) Close() {
	a.closing.Do(func() {
		for _, closeIt := range slices.Backward(a.closers) {
			closeIt()
		}
	})
}
