package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"google.golang.org/grpc"

	"github.com/rollcall-dev/rollcall/services/discovery/clients"
	discoverygrpc "github.com/rollcall-dev/rollcall/services/discovery/grpc"
	"github.com/rollcall-dev/rollcall/services/discovery/jobs"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	discoverypg "github.com/rollcall-dev/rollcall/services/discovery/postgres"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/aws"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/gcp"
	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/discovery/sync"
	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
	"github.com/rollcall-dev/rollcall/services/internal/lifecycle"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

const (
	// caller is the name of discovery in calls to accounts and inventory.
	caller = "discovery"
	// maxMessage bounds one of their messages, in bytes.
	maxMessage = 32 << 20
	// watchEvery is how often a watched run is read.
	watchEvery = 200 * time.Millisecond
	// reportSpare is the time that a run has for its reports besides reading.
	reportSpare = 3 * time.Minute
)

// App is the discovery service. Its database is migrated, its endpoint listens, and no
// worker runs yet.
type App struct {
	life     *lifecycle.App
	server   *serve.Server
	jobs     *jobs.Client
	budget   *ratelimit.Shared
	meter    *serve.Meter
	logger   *slog.Logger
	stopping chan struct{}
}

// New builds the service. If it fails, everything that it opened is closed.
func New(ctx context.Context, config Config) (*App, error) {
	if config.DiscoveryKey.IsZero() {
		return nil, errors.New("ROLLCALL_DISCOVERY_KEY is not set: accounts and inventory could not verify calls from discovery")
	}
	a := &App{
		life: lifecycle.New(), logger: config.Logging.Logger(os.Stderr).With("service", caller), stopping: make(chan struct{}),
	}
	if err := a.life.Build(func() error { return a.build(ctx, config.complete()) }); err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	return a, nil
}

func (a *App) build(ctx context.Context, config Config) (err error) {
	if a.meter, err = config.Metrics.Open(ctx, a.logger); err != nil {
		return err
	}
	a.life.Defer(a.meter.Close)
	pool, err := discoverypg.Open(ctx, config.DatabaseURL, config.MaxConns, a.logger)
	if err != nil {
		return err
	}
	a.life.Defer(pool.Close)
	if err := jobs.Migrate(ctx, pool, quiet(a.logger)); err != nil {
		return err
	}
	queue, err := jobs.NewQueue(pool)
	if err != nil {
		return err
	}
	store := discoverypg.New(pool, queue)
	accountsConn, err := a.dial(config.Accounts, config.DiscoveryKey)
	if err != nil {
		return fmt.Errorf("the accounts service: %w", err)
	}
	inventoryConn, err := a.dial(config.Inventory, config.DiscoveryKey)
	if err != nil {
		return fmt.Errorf("the inventory service: %w", err)
	}
	accounts, inventory := clients.NewAccounts(accountsConn), clients.NewInventory(inventoryConn)
	if config.BudgetShare < 0 || config.BudgetShare > 1 {
		return errors.New("ROLLCALL_API_BUDGET_SHARE must be above 0 and at most 1")
	}
	a.budget = ratelimit.New(store, config.BudgetShare, a.meter, a.logger)
	providers, err := a.buildProviders(config)
	if err != nil {
		return err
	}
	if a.jobs, err = a.buildJobs(config, queue, store, accounts, inventory, providers); err != nil {
		return err
	}
	a.server, err = serve.NewGRPC(serve.GRPCOptions{Logger: a.logger, Ready: store.Ping}, discoverygrpc.Register(discoverygrpc.Options{
		Runs: store, Accounts: accounts, WatchEvery: watchEvery, Stopping: a.stopping,
		Verifier:  &sync.Verifier{Providers: providers, Accounts: accounts, Limit: config.Limits.Verify, Logger: a.logger},
		Lifecycle: a.operations(config, store, accounts, inventory, providers), Operations: store,
	}))
	if err != nil {
		return err
	}
	return a.listen(ctx, config.GRPC)
}

// listen opens the endpoint and registers what runs while the service does.
func (a *App) listen(ctx context.Context, at serve.Endpoint) error {
	listener, err := a.life.Listen(ctx, at)
	if err != nil {
		return err
	}
	a.life.OnStop(func() { close(a.stopping) })
	a.life.Go("gRPC", func(ctx context.Context) error {
		a.logger.InfoContext(ctx, "listening", "address", listener.Addr().String())
		return a.server.Serve(ctx, listener)
	})
	a.life.Go("jobs", a.jobs.Run)
	a.life.Go("metrics", a.meter.Serve)
	a.life.Go("rate limits", a.budget.Run)
	return nil
}

func (a *App) dial(at serve.Endpoint, key auth.Key) (*grpc.ClientConn, error) {
	conn, err := at.Dial(
		grpc.WithPerRPCCredentials(auth.PerRPC(key, caller)),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
	if err != nil {
		return nil, err
	}
	a.life.DeferError("the connection to "+at.String(), conn.Close)
	return conn, nil
}

func (a *App) buildJobs(
	config Config, queue *jobs.Queue, store *discoverypg.Store, accounts *clients.Accounts, inventory *clients.Inventory,
	providers map[cloud.Provider]provider.Provider,
) (*jobs.Client, error) {
	return jobs.New(queue, jobs.Handlers{
		Sync: &sync.Syncer{
			Providers: providers,
			Accounts:  accounts,
			Inventory: inventory,
			Runs:      store,
			Budgets:   a.budget,
			Limits:    config.Limits,
			Interval:  config.SyncInterval,
			Worker:    workerName(),
			Logger:    a.logger,
		},
		Scheduler: &sync.Scheduler{
			Accounts:  accounts,
			Inventory: inventory,
			Schedules: store,
			Lease:     config.Limits.Lease,
			Retention: config.RunRetention,
			Logger:    a.logger,
		},
		Executor: &operation.Executor{
			Providers:  providers,
			Accounts:   accounts,
			Inventory:  inventory,
			Store:      store,
			Limits:     config.Operations,
			Protection: config.protection(),
			Worker:     workerName(),
			Logger:     a.logger,
		},
		Maintainer: &operation.Maintainer{
			Inventory: inventory,
			Store:     store,
			Service:   a.operations(config, store, accounts, inventory, providers),
			Every:     config.Periods.Keep,
			Lease:     config.Operations.Lease,
			Retention: config.OperationRetention,
			Logger:    a.logger,
		},
	}, jobs.Options{
		Workers:   config.Workers,
		Operators: config.OperationWorkers,
		RunLimit:  config.Limits.Run + reportSpare,
		Every:     config.Periods,
		Logger:    quiet(a.logger),
	})
}

// operations accepts requests to start and stop instances.
func (a *App) operations(
	config Config, store *discoverypg.Store, accounts *clients.Accounts, inventory *clients.Inventory,
	providers map[cloud.Provider]provider.Provider,
) *operation.Service {
	return &operation.Service{
		Providers: providers, Accounts: accounts, Inventory: inventory, Store: store,
		Limits: config.Operations, Protection: config.protection(), Logger: a.logger,
	}
}

// buildProviders makes the providers of all registered clouds.
func (a *App) buildProviders(config Config) (map[cloud.Provider]provider.Provider, error) {
	config.GCP.TokenHosts = config.AllowedTokenHosts
	config.AWS.Budget, config.GCP.Budget = a.budget, a.budget
	amazon := aws.New(config.AWS)
	a.life.Defer(amazon.Close)
	google, err := gcp.New(config.GCP)
	if err != nil {
		return nil, fmt.Errorf("google cloud: %w", err)
	}
	a.life.Defer(google.Close)
	providers := map[cloud.Provider]provider.Provider{cloud.AWS: amazon, cloud.GCP: google}
	for name, newProvider := range config.Providers {
		providers[name] = newProvider(a.budget)
	}
	for _, d := range registry.All() {
		if providers[d.Provider] == nil {
			return nil, fmt.Errorf("no provider reads %s, which is registered", d.Name)
		}
	}
	return providers, nil
}

// workerName returns the name of this process in runs and operations, for people.
func workerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s/%d", host, os.Getpid())
}

// Run runs the workers and serves until ctx ends. Then it releases the runs and
// operations in progress, and closes the service.
func (a *App) Run(ctx context.Context) error { return a.life.Run(ctx) }

// Close closes a service that is not run. Run closes the service by itself.
func (a *App) Close() error { return a.life.Close() }
