// Package app runs the inventory service: New builds it, and Run serves until its context ends. The program, `rollcall
// up` and the tests start it this way.
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
	"github.com/rollcall-dev/rollcall/services/inventory/changefeed"
	"github.com/rollcall-dev/rollcall/services/inventory/grpc"
	"github.com/rollcall-dev/rollcall/services/inventory/ingest"
	"github.com/rollcall-dev/rollcall/services/inventory/metrics"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres/log"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres/read"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres/write"
	"github.com/rollcall-dev/rollcall/services/inventory/retention"
)

// schema is that of the service in its database.
const schema = "inventory"

// caller is the only service that may call the internal endpoint.
const caller = "discovery"

// Config configures the service.
type Config struct {
	DatabaseURL  string         `name:"database-url" env:"ROLLCALL_DATABASE_URL" required:"" help:"Postgres, as the service's own role: postgres://…"`
	GRPC         serve.Endpoint `name:"grpc-addr" env:"ROLLCALL_GRPC_ADDR" default:"localhost:9092" help:"Address of InventoryService."`
	Internal     serve.Endpoint `name:"internal-addr" env:"ROLLCALL_INTERNAL_ADDR" default:"localhost:9192" help:"Address of IngestService and InventoryService, for discovery."`
	DiscoveryKey auth.Key       `name:"discovery-key" env:"ROLLCALL_DISCOVERY_KEY" required:"" help:"Key that discovery signs its calls with, in base64."`
	MaxConns     int32          `name:"max-conns" env:"ROLLCALL_DATABASE_MAX_CONNS" default:"16" help:"Most connections to Postgres. Snapshots use at most half of them."`

	ChangeRetention time.Duration `name:"change-retention" env:"ROLLCALL_CHANGE_RETENTION" default:"720h" help:"Time for which changes and gone instances are kept; 0 keeps all."`

	Watch         changefeed.Config `embed:"" prefix:"watch-"`
	serve.Logging `embed:""`
	Metrics       serve.Metrics `embed:""`
}

// defaultMaxConns is for a Config that does not come from flags.
const defaultMaxConns = 16

// App is the inventory service. Its database is migrated and its endpoints listen.
type App struct {
	life      *lifecycle.App
	public    *serve.Server
	internal  *serve.Server
	meter     *serve.Meter
	hub       *changefeed.Hub
	retention *retention.Loop
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
	db, err := a.openDatabase(ctx, cfg, logger)
	if err != nil {
		return err
	}
	changes := log.New(db)
	a.retention, err = retention.New(changes, retention.Config{Retention: cfg.ChangeRetention, Logger: logger})
	if err != nil {
		return err
	}
	if err := a.buildServers(cfg, db, changes, logger); err != nil {
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
	a.life.Go("retention", a.retention.Run)
	// The hub ends all watches when ctx ends, and the servers wait for them.
	a.life.Go("change feed", a.hub.Run)
	return nil
}

func (a *App) openDatabase(ctx context.Context, cfg Config, logger *slog.Logger) (*postgres.DB, error) {
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

func (a *App) buildServers(cfg Config, db *postgres.DB, changes *log.Store, logger *slog.Logger) (err error) {
	cfg.Watch.Logger, cfg.Watch.Metrics = logger, a.meter
	a.hub = changefeed.New(changes, cfg.Watch)
	reader, ingestion := read.New(db, read.SmallBytes), ingest.New(write.New(db))
	if err := a.meter.Register(metrics.NewScopes(reader, logger)); err != nil {
		return err
	}
	public, internal := grpc.NewInventory(reader, ingestion, a.hub), grpc.NewIngest(ingestion)
	a.public, err = serve.NewGRPC(serve.GRPCOptions{Logger: logger, Ready: db.Ready}, public.Register)
	if err != nil {
		return err
	}
	a.internal, err = serve.NewGRPC(serve.GRPCOptions{
		Logger: logger, Ready: db.Ready, Authorize: auth.Require(cfg.DiscoveryKey, caller),
	}, public.Register, internal.Register)
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
