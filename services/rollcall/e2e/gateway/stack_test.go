package gateway_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/migrations"
	accountsapp "github.com/rollcall-dev/rollcall/services/accounts/app"
	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	discoveryapp "github.com/rollcall-dev/rollcall/services/discovery/app"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/aws"
	gatewayapp "github.com/rollcall-dev/rollcall/services/gateway/app"
	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
	"github.com/rollcall-dev/rollcall/services/internal/servetest"
	inventoryapp "github.com/rollcall-dev/rollcall/services/inventory/app"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// patience is the limit of each wait and of each stream. A test only reaches it if it hangs.
const patience = 2 * time.Minute

var quiet = serve.Logging{Level: 12, Out: io.Discard}

// process is a service that a test can stop and start again.
type process struct {
	t     *testing.T
	start func(context.Context) (serve.Runner, error)
	stop  func()
}

// run starts the service.
func (p *process) run() {
	p.t.Helper()
	runner, err := p.start(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	p.stop = func() {
		p.stop = func() {}
		cancel()
		if err := <-ended; err != nil {
			p.t.Error(err)
		}
	}
}

// stack is the gateway with all services behind it.
type stack struct {
	t *testing.T
	// web is the URL of the gateway, `http://127.0.0.1:41234`.
	web  string
	http *http.Client
	// front is a connection to the public gRPC API, and frontAddr its address.
	front     *grpc.ClientConn
	frontAddr string

	accounts    accountsv1.AccountServiceClient
	connections accountsv1.ConnectionServiceClient
	inventory   inventoryv1.InventoryServiceClient
	ingest      inventoryv1.IngestServiceClient
	discovery   discoveryv1.DiscoveryServiceClient

	world             *cloudsim.World
	aws               *simaws.Cloud
	inventoryDatabase string
	inventoryProcess  *process
	gatewayProcess    *process
	discoveryPassword auth.Key
}

// start runs all services and a small simulated cloud.
func start(t *testing.T) *stack {
	t.Helper()
	s := &stack{t: t, discoveryPassword: auth.NewKey(), http: &http.Client{Timeout: patience}}
	t.Cleanup(s.http.CloseIdleConnections)
	s.world = cloudsim.New(cloudsim.Config{Seed: 7, Transition: cloudsim.Immediately, Clouds: cloudsim.Clouds{simaws.Config{Regions: []string{"eu-west-1", "us-east-1"}, Instances: 6, Databases: 3}}})
	s.aws = simaws.In(s.world)
	sim, err := simaws.Serve(s.world)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	keys := sim.Env(s.aws.Accounts()[0])

	// At reserved ports, so that a service can stop and start again at the same address.
	accounts := accountsapp.Config{
		DatabaseURL: database(t, "accounts"), GRPC: servetest.Reserve(t), Internal: servetest.Reserve(t), DiscoveryKey: s.discoveryPassword, Logging: quiet,
	}
	inventory := inventoryapp.Config{
		DatabaseURL: database(t, "inventory"), GRPC: servetest.Reserve(t), Internal: servetest.Reserve(t), DiscoveryKey: s.discoveryPassword, Logging: quiet,
	}
	discovery := discoveryapp.Config{
		DatabaseURL: database(t, "discovery"), GRPC: servetest.Reserve(t), DiscoveryKey: s.discoveryPassword, Logging: quiet,
		Accounts: accounts.Internal, Inventory: inventory.Internal,
		AWS: aws.Config{
			EndpointURL: sim.URL, Region: "us-east-1",
			Keys: &aws.Keys{AccessKeyID: keys["AWS_ACCESS_KEY_ID"], SecretAccessKey: keys["AWS_SECRET_ACCESS_KEY"]},
		},
	}
	gateway := gatewayapp.Config{
		HTTP: servetest.Reserve(t), GRPC: servetest.Reserve(t), Logging: quiet,
		Accounts: accounts.GRPC, Inventory: inventory.GRPC, Discovery: discovery.GRPC,
	}
	s.inventoryDatabase = inventory.DatabaseURL
	s.process(func(ctx context.Context) (serve.Runner, error) { return accountsapp.New(ctx, accounts) })
	s.inventoryProcess = s.process(func(ctx context.Context) (serve.Runner, error) { return inventoryapp.New(ctx, inventory) })
	s.process(func(ctx context.Context) (serve.Runner, error) { return discoveryapp.New(ctx, discovery) })
	s.gatewayProcess = s.process(func(ctx context.Context) (serve.Runner, error) { return gatewayapp.New(ctx, gateway) })
	s.web = "http://" + gateway.HTTP.String()
	s.connect(gateway.GRPC, accounts, inventory)
	return s
}

func (s *stack) process(start func(context.Context) (serve.Runner, error)) *process {
	p := &process{t: s.t, start: start}
	p.run()
	s.t.Cleanup(func() { p.stop() })
	return p
}

// connect creates the clients; those of the public APIs go through the gateway.
func (s *stack) connect(front serve.Endpoint, accounts accountsapp.Config, inventory inventoryapp.Config) {
	asDiscovery := grpc.WithPerRPCCredentials(auth.PerRPC(s.discoveryPassword, "discovery"))
	s.front, s.frontAddr = dial(s.t, front), front.String()
	s.accounts = accountsv1.NewAccountServiceClient(s.front)
	s.inventory = inventoryv1.NewInventoryServiceClient(s.front)
	s.discovery = discoveryv1.NewDiscoveryServiceClient(s.front)
	s.connections = accountsv1.NewConnectionServiceClient(dial(s.t, accounts.Internal, asDiscovery))
	s.ingest = inventoryv1.NewIngestServiceClient(dial(s.t, inventory.Internal, asDiscovery))
}

func dial(t *testing.T, at serve.Endpoint, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	conn, err := at.Dial(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// database returns the URL of a migrated database for a service.
func database(t *testing.T, service string) string {
	t.Helper()
	files := migrations.Discovery()
	switch service {
	case "accounts":
		files = migrations.Accounts()
	case "inventory":
		files = migrations.Inventory()
	}
	return dbtest.New(t, dbtest.Template{
		Service: service, Version: dbtest.HashFS(files),
		Migrate: func(ctx context.Context, url string) error { return postgres.Migrate(ctx, url, files, service) },
	}).URL
}
