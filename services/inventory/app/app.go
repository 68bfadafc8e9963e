// Package app is the service inventory as one thing: New builds it whole, Run
// serves until its context ends. Its own program, `rollcall up` and the tests
// all start it through this door.
package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-dev/rollcall/migrations"
	"github.com/rollcall-dev/rollcall/services/internal/auth"
	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
	"github.com/rollcall-dev/rollcall/services/inventory/grpc"
	"github.com/rollcall-dev/rollcall/services/inventory/metrics"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory/upkeep"
	"github.com/rollcall-dev/rollcall/services/inventory/watch"
)

// schema of the service in its database.
const schema = "inventory"

// caller is the one service that may call the internal endpoint.
const caller = "discovery"

// Config says how to run the service.
type Config struct {
	DatabaseURL  string         `name:"database-url" env:"ROLLCALL_DATABASE_URL" required:"" help:"Postgres, as the service's own role: postgres://…"`
	GRPC         serve.Endpoint `name:"grpc-addr" env:"ROLLCALL_GRPC_ADDR" default:"localhost:9092" help:"Where InventoryService listens."`
	Internal     serve.Endpoint `name:"internal-addr" env:"ROLLCALL_INTERNAL_ADDR" default:"localhost:9192" help:"Where discovery calls: IngestService too."`
	DiscoveryKey auth.Key       `name:"discovery-key" env:"ROLLCALL_DISCOVERY_KEY" required:"" help:"The key that discovery signs its calls with, in base64."`
	MaxConns     int32          `name:"max-conns" env:"ROLLCALL_DATABASE_MAX_CONNS" default:"16" help:"Most connections to Postgres, of which snapshots take at most half."`

	ChangeRetention time.Duration `name:"change-retention" env:"ROLLCALL_CHANGE_RETENTION" default:"720h" help:"How long changes, and what is gone, are kept; 0 keeps all."`

	Watch         watch.Config `embed:"" prefix:"watch-"`
	serve.Logging `embed:""`
	Metrics       serve.Metrics `embed:""`
}

// defaultMaxConns is for a Config that was not made from flags.
const defaultMaxConns = 16

// App is the running service.
type App struct {
	public   *serve.Server
	internal *serve.Server

	publicListener   net.Listener
	internalListener net.Listener
	meter            *serve.Meter
	hub              *watch.Hub
	upkeep           *upkeep.Loop

	// closers give back what was opened, the last one first.
	closers []func()
}

// New migrates the database and opens everything, the listeners too. After an
// error nothing is left open.
func New(ctx context.Context, cfg Config) (_ *App, err error) {
	a := &App{}
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	logger := cfg.Logger(os.Stderr).With("service", schema)
	if a.meter, err = cfg.Metrics.Open(ctx, logger); err != nil {
		return nil, err
	}
	a.closers = append(a.closers, a.meter.Close)
	store, err := a.openStore(ctx, cfg, logger)
	if err != nil {
		return nil, err
	}
	a.upkeep, err = upkeep.New(store, upkeep.Config{Retention: cfg.ChangeRetention, Logger: logger})
	if err != nil {
		return nil, err
	}
	if err := a.buildServers(cfg, store, logger); err != nil {
		return nil, err
	}
	if a.publicListener, err = a.listen(ctx, cfg.GRPC); err != nil {
		return nil, err
	}
	if a.internalListener, err = a.listen(ctx, cfg.Internal); err != nil {
		return nil, err
	}
	logger.Info("listening", "grpc", a.publicListener.Addr().String(), "internal", a.internalListener.Addr().String())
	return a, nil
}

func (a *App) openStore(ctx context.Context, cfg Config, logger *slog.Logger) (*postgres.Store, error) {
	if cfg.MaxConns == 0 {
		cfg.MaxConns = defaultMaxConns
	}
	pool, err := kit.Open(ctx, kit.Options{
		URL: cfg.DatabaseURL, MaxConns: cfg.MaxConns, Logger: logger, Settings: postgres.Settings(),
	})
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, pool.Close)
	return postgres.New(pool), kit.Migrate(ctx, cfg.DatabaseURL, migrations.Inventory(), schema)
}

func (a *App) listen(ctx context.Context, endpoint serve.Endpoint) (net.Listener, error) {
	listener, err := endpoint.Listen(ctx)
	if err == nil {
		// Serving closes it too; a second time is no harm, and there is nothing
		// to do about an error.
		a.closers = append(a.closers, func() { _ = listener.Close() })
	}
	return listener, err
}

func (a *App) buildServers(cfg Config, store *postgres.Store, logger *slog.Logger) (err error) {
	cfg.Watch.Logger, cfg.Watch.Metrics = logger, a.meter
	a.hub = watch.New(store, cfg.Watch)
	if err := a.meter.Register(metrics.NewScopes(store, logger)); err != nil {
		return err
	}
	reads, ingest := grpc.NewInventory(store, a.hub), grpc.NewIngest(store)
	a.public, err = serve.NewGRPC(serve.GRPCOptions{Logger: logger, Ready: store.Ready}, reads.Register)
	if err != nil {
		return err
	}
	a.internal, err = serve.NewGRPC(serve.GRPCOptions{
		Logger: logger, Ready: store.Ready, Authorize: auth.Require(cfg.DiscoveryKey, caller),
	}, reads.Register, ingest.Register)
	return err
}

// Run serves until ctx ends, and closes everything.
func (a *App) Run(ctx context.Context) error {
	defer a.Close()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return a.public.Serve(ctx, a.publicListener) })
	group.Go(func() error { return a.internal.Serve(ctx, a.internalListener) })
	group.Go(func() error { return a.meter.Serve(ctx) })
	group.Go(func() error { return a.upkeep.Run(ctx) })
	// It ends all watches when ctx ends: servers wait for them.
	group.Go(func() error { return a.hub.Run(ctx) })
	if err := group.Wait(); err != nil {
		return fmt.Errorf("inventory: %w", err)
	}
	return nil
}

// Close gives everything back, in reverse. Run does so by itself; it may be
// called again.
func (a *App) Close() {
	for _, closer := range slices.Backward(a.closers) {
		closer()
	}
	a.closers = nil
}
