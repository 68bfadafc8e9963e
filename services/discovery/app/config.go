package app

import (
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/jobs"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/aws"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/gcp"
	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/discovery/sync"
	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// Config is the configuration of the discovery service.
type Config struct {
	// DatabaseURL connects as the service's own role, whose search_path is its schema.
	DatabaseURL string `name:"database-url" env:"ROLLCALL_DATABASE_URL" required:"" help:"Postgres database, as the role of discovery: postgres://…"`
	MaxConns    int32  `name:"max-conns" env:"ROLLCALL_DATABASE_MAX_CONNS" default:"12" help:"Largest number of connections to Postgres."`
	// GRPC is the endpoint of the public services.
	GRPC serve.Endpoint `name:"grpc-addr" env:"ROLLCALL_GRPC_ADDR" default:"localhost:9093" help:"Where DiscoveryService listens."`
	// Accounts and Inventory are the internal endpoints of those services.
	Accounts  serve.Endpoint `name:"accounts-addr" env:"ROLLCALL_ACCOUNTS_ADDR" default:"localhost:9191" help:"Internal endpoint of the accounts service."`
	Inventory serve.Endpoint `name:"inventory-addr" env:"ROLLCALL_INVENTORY_ADDR" default:"localhost:9192" help:"Internal endpoint of the inventory service."`
	// DiscoveryKey signs calls to both.
	DiscoveryKey auth.Key `name:"discovery-key" env:"ROLLCALL_DISCOVERY_KEY" required:"" help:"Key shared with accounts and inventory: 32 random bytes or more in base64."`

	SyncInterval time.Duration `name:"sync-interval" env:"ROLLCALL_SYNC_INTERVAL" default:"1m" help:"Time from one sync of an account to the next, unless the account has its own."`
	Workers      int           `name:"sync-workers" env:"ROLLCALL_SYNC_WORKERS" default:"10" help:"How many accounts this process reads at the same time."`
	RunRetention time.Duration `name:"run-retention" env:"ROLLCALL_RUN_RETENTION" default:"168h" help:"How long sync runs are kept."`

	OperationWorkers   int           `name:"operation-workers" env:"ROLLCALL_OPERATION_WORKERS" default:"20" help:"How many operations this process executes at the same time; a batch is one operation. Below 0: none."`
	OperationRetention time.Duration `name:"operation-retention" env:"ROLLCALL_OPERATION_RETENTION" default:"720h" help:"How long ended operations are kept. The audit is kept for ever."`
	ProtectLabel       string        `name:"protect-label" env:"ROLLCALL_PROTECT_LABEL" default:"rollcall-protect" help:"Instances that carry this label are not started or stopped: KEY for any value, or KEY=VALUE."`

	// BudgetShare is the share of each API limit that Rollcall uses.
	BudgetShare float64 `name:"api-budget-share" env:"ROLLCALL_API_BUDGET_SHARE" default:"0.5" help:"Share of the providers' API limits that Rollcall uses of each account, above 0 and at most 1; the rest is left to the account's own users."`

	serve.Logging `embed:""`
	Metrics       serve.Metrics `embed:""`

	// AllowedTokenHosts are hosts that key files may name besides Google's own.
	AllowedTokenHosts keyfile.Hosts `name:"allowed-token-hosts" env:"ROLLCALL_ALLOWED_TOKEN_HOSTS" help:"Hosts that key files may name besides Google's own: host:port, separated by commas."`

	// GCP overrides what the environment configures for Google Cloud.
	GCP gcp.Config `kong:"-"`
	// AWS overrides what the environment configures for AWS.
	AWS aws.Config `kong:"-"`
	// Providers make the providers of further clouds, besides AWS and Google Cloud, with the budget
	// that limits their calls.
	Providers map[cloud.Provider]func(ratelimit.Budget) provider.Provider `kong:"-"`
	// Limits bound syncs, and Periods state how often periodic jobs run; zero means the defaults.
	Limits  sync.Limits  `kong:"-"`
	Periods jobs.Periods `kong:"-"`
	// Operations bounds operations; zero means the defaults.
	Operations operation.Limits `kong:"-"`
}

// The defaults of a Config that kong did not fill.
const (
	defaultInterval  = time.Minute
	defaultWorkers   = 10
	defaultMaxConns  = 12
	defaultRetention = 7 * 24 * time.Hour

	defaultOperationWorkers   = 20
	defaultOperationRetention = 30 * 24 * time.Hour
	defaultProtectLabel       = "rollcall-protect"
)

func (c Config) complete() Config {
	if c.SyncInterval == 0 {
		c.SyncInterval = defaultInterval
	}
	if c.Workers == 0 {
		c.Workers = defaultWorkers
	}
	if c.BudgetShare == 0 {
		c.BudgetShare = ratelimit.DefaultShare
	}
	if c.MaxConns == 0 {
		c.MaxConns = defaultMaxConns
	}
	if c.RunRetention == 0 {
		c.RunRetention = defaultRetention
	}
	if c.Limits == (sync.Limits{}) {
		c.Limits = sync.DefaultLimits()
	}
	if c.Periods == (jobs.Periods{}) {
		c.Periods = jobs.DefaultPeriods()
	}
	if c.Periods.Keep == 0 {
		c.Periods.Keep = jobs.DefaultPeriods().Keep
	}
	if c.OperationWorkers == 0 {
		c.OperationWorkers = defaultOperationWorkers
	}
	if c.OperationRetention == 0 {
		c.OperationRetention = defaultOperationRetention
	}
	if c.ProtectLabel == "" {
		c.ProtectLabel = defaultProtectLabel
	}
	if c.Operations == (operation.Limits{}) {
		c.Operations = operation.DefaultLimits()
	}
	return c
}

// protection returns the label that protects instances.
func (c Config) protection() operation.Protection {
	key, value, _ := strings.Cut(c.ProtectLabel, "=")
	return operation.Protection{Key: key, Value: value}
}
