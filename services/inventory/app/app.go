// Package app is the service inventory as one thing: New builds it whole, Run
// serves until its context ends. Its own program, `rollcall up` and the tests
// all start it through this door.
package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/rollcall-dev/rollcall/migrations"
	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/lifecycle"
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

// App is the inventory service. Its database is migrated and its endpoints listen.
type App struct {
	life     *lifecycle.App
	public   *serve.Server
	internal *serve.Server
	meter    *serve.Meter
	hub      *watch.Hub
	upkeep   *upkeep.Loop
}

// New migrates the database and opens the endpoints. If it fails, everything that it
// opened is closed.
func New(ctx context.Context, cfg Config) (*App, error) {
	a := &App{life: lifecycle.New()}
	if err := a.life.Build(func() error { return a.build(ctx, cfg) }); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *App) build(ctx context.Context, cfg Config) (err error) {
	logger := cfg.Logger(os.Stderr).With("service", schema)
	if a.meter, err = cfg.Metrics.Open(ctx, logger); err != nil {
		return err
	}
	a.life.Defer(a.meter.Close)
	store, err := a.openStore(ctx, cfg, logger)
	if err != nil {
		return err
	}
	a.upkeep, err = upkeep.New(store, upkeep.Config{Retention: cfg.ChangeRetention, Logger: logger})
	if err != nil {
		return err
	}
	if err := a.buildServers(cfg, store, logger); err != nil {
		return err
	}
	return a.listen(ctx, cfg, logger)
}

// listen opens the endpoints and registers what runs while the service does.
func (a *App) listen(ctx context.Context, cfg Config, logger *slog.Logger) error {
	public, err := a.life.Listen(ctx, cfg.GRPC)
	if err != nil {
		return err
	}
	internal, err := a.life.Listen(ctx, cfg.Internal)
	if err != nil {
		return err
	}
	logger.Info("listening", "grpc", public.Addr().String(), "internal", internal.Addr().String())
	a.life.Go("gRPC", func(ctx context.Context) error { return a.public.Serve(ctx, public) })
	a.life.Go("internal gRPC", func(ctx context.Context) error { return a.internal.Serve(ctx, internal) })
	a.life.Go("metrics", a.meter.Serve)
	a.life.Go("retention", a.upkeep.Run)
	// The hub ends all watches when ctx ends, and the servers wait for them.
	a.life.Go("change feed", a.hub.Run)
	return nil
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
	a.life.Defer(pool.Close)
	return postgres.New(pool), kit.Migrate(ctx, cfg.DatabaseURL, migrations.Inventory(), schema)
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

// Run serves until ctx ends, waits for running calls to end, and closes the service.
func (a *App) Run(ctx context.Context) error {
	if err := a.life.Run(ctx); err != nil {
		return fmt.Errorf("inventory: %w", err)
	}
	return nil
}

// Close closes a service that is not run. Run closes the service by itself.
func (a *App) Close() error { return a.life.Close() }
