package app_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/migrations"
	accountsapp "github.com/rollcall-dev/rollcall/services/accounts/app"
	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	simgcp "github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
	"github.com/rollcall-dev/rollcall/services/discovery/app"
	"github.com/rollcall-dev/rollcall/services/discovery/jobs"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/aws"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/gcp"
	"github.com/rollcall-dev/rollcall/services/discovery/sync"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
	"github.com/rollcall-dev/rollcall/services/internal/servetest"
	inventoryapp "github.com/rollcall-dev/rollcall/services/inventory/app"
)

func TestMain(m *testing.M) {
	if isChild() {
		runChild()
	}
	dbtest.Main(m)
}

// patience bounds every wait of a test.
const patience = 90 * time.Second

func database(t testing.TB, service string) *dbtest.DB {
	t.Helper()
	files := migrations.Discovery()
	switch service {
	case "accounts":
		files = migrations.Accounts()
	case "inventory":
		files = migrations.Inventory()
	}
	return dbtest.New(t, dbtest.Template{
		Service: service,
		Version: dbtest.HashFS(files),
		Migrate: func(ctx context.Context, url string) error { return postgres.Migrate(ctx, url, files, service) },
	})
}

// clouds describes the simulated clouds of a test: a world with an AWS and a Google Cloud.
type clouds struct {
	world cloudsim.Config
	aws   simaws.Config
	gcp   simgcp.Config
}

// rollcall is discovery with the services around it, connected by pipes, and a cloud to read. Tests
// observe it only from outside.
type rollcall struct {
	t      testing.TB
	world  *cloudsim.World
	aws    *simaws.Cloud
	gcp    *simgcp.Cloud
	google *simgcp.Server
	config app.Config

	accounts  accountsv1.AccountServiceClient
	inventory inventoryv1.InventoryServiceClient
	discovery discoveryv1.DiscoveryServiceClient
	lifecycle discoveryv1.LifecycleServiceClient
	operation discoveryv1.OperationServiceClient
	standard  longrunningpb.OperationsClient
	audit     discoveryv1.AuditServiceClient
	db        *dbtest.DB
	// stopDiscovery and stopInventory stop the processes that start has started.
	stopDiscovery, stopInventory func()
	inventoryConfig              inventoryapp.Config
}

// start runs all services. Configure changes the configuration of discovery.
func start(t testing.TB, cloud clouds, configure ...func(*app.Config)) *rollcall {
	t.Helper()
	cloud.world.Clouds = cloudsim.Clouds{cloud.aws, cloud.gcp}
	world := cloudsim.New(cloud.world)
	sim, err := simaws.Serve(world)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	google, err := simgcp.Serve(world)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = google.Close() })
	tokenHosts, err := keyfile.NewHosts(strings.TrimPrefix(google.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}

	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	accounts := accountsapp.Config{
		DatabaseURL: database(t, "accounts").URL, GRPC: serve.Pipe(), Internal: servetest.Reserve(t), DiscoveryKey: key,
		KeysetFile: filepath.Join(t.TempDir(), "keyset.json"), AllowedTokenHosts: tokenHosts,
		Logging: serve.Logging{Level: slog.LevelError, Out: t.Output()},
	}
	inventory := inventoryapp.Config{
		DatabaseURL: database(t, "inventory").URL, GRPC: serve.Pipe(), Internal: servetest.Reserve(t), DiscoveryKey: key,
		Logging: serve.Logging{Level: slog.LevelError, Out: t.Output()},
	}
	run(t, must(accountsapp.New(t.Context(), accounts))(t))

	home := sim.Cloud.Accounts()[0]
	userKey := sim.Cloud.Key(home)
	r := &rollcall{t: t, world: world, aws: sim.Cloud, gcp: google.Cloud, google: google, db: database(t, "discovery")}
	r.config = discoveryConfig()
	r.config.DatabaseURL, r.config.GRPC, r.config.DiscoveryKey = r.db.URL, serve.Pipe(), key
	r.config.Accounts, r.config.Inventory = accounts.Internal, inventory.Internal
	r.config.Out = t.Output()
	r.config.GCP.ComputeEndpoint, r.config.GCP.SQLEndpoint, r.config.GCP.IAMEndpoint = google.URL, google.URL, google.URL
	r.config.AllowedTokenHosts = tokenHosts
	r.config.AWS.EndpointURL = sim.URL
	r.config.AWS.Keys = &aws.Keys{AccessKeyID: userKey.AccessKeyID, SecretAccessKey: userKey.Secret}
	for _, c := range configure {
		c(&r.config)
	}
	r.accounts = accountsv1.NewAccountServiceClient(dial(t, accounts.GRPC))
	r.inventoryConfig = inventory
	r.restartInventory()
	r.restartDiscovery()
	return r
}

// restartInventory starts the inventory service again, at the same address.
func (r *rollcall) restartInventory() {
	r.t.Helper()
	r.inventoryConfig.GRPC = serve.Pipe()
	r.inventory = inventoryv1.NewInventoryServiceClient(dial(r.t, r.inventoryConfig.GRPC))
	r.stopInventory = run(r.t, must(inventoryapp.New(r.t.Context(), r.inventoryConfig))(r.t))
}

// restartDiscovery starts another discovery process, which then serves the requests.
func (r *rollcall) restartDiscovery() {
	r.t.Helper()
	r.config.GRPC = serve.Pipe()
	conn := dial(r.t, r.config.GRPC)
	r.discovery, r.lifecycle = discoveryv1.NewDiscoveryServiceClient(conn), discoveryv1.NewLifecycleServiceClient(conn)
	r.operation, r.standard = discoveryv1.NewOperationServiceClient(conn), longrunningpb.NewOperationsClient(conn)
	r.audit = discoveryv1.NewAuditServiceClient(conn)
	r.stopDiscovery = r.startDiscovery(r.config)
}

// smallPages makes listings take several pages.
func smallPages(c *app.Config) { c.AWS.PageSize, c.GCP.PageSize = 20, 20 }

// discoveryConfig returns a configuration with short periods and limits.
func discoveryConfig() app.Config {
	return app.Config{
		SyncInterval: time.Hour,
		AWS: aws.Config{
			Region:       "us-east-1",
			Attempts:     3,
			AttemptLimit: 2 * time.Second, CallLimit: 4 * time.Second, MaxBackoff: 50 * time.Millisecond,
		},
		GCP: gcp.Config{
			Attempts: 3, AttemptLimit: 2 * time.Second, CallLimit: 4 * time.Second, MaxBackoff: 50 * time.Millisecond,
		},
		Limits: sync.Limits{
			Lease: 4 * time.Second, Run: 20 * time.Second, Scope: 10 * time.Second, Verify: 10 * time.Second, ScopesPerAccount: 8,
			Flush: 20 * time.Millisecond, RetrySoon: 500 * time.Millisecond, Slow: time.Second, Settle: 500 * time.Millisecond,
		},
		Periods: jobs.Periods{
			Schedule: 100 * time.Millisecond, Reap: 200 * time.Millisecond, Sweep: 300 * time.Millisecond, Prune: time.Hour,
			Keep: 200 * time.Millisecond,
		},
		Operations: operation.Limits{
			Lease: 4 * time.Second, Heartbeat: 100 * time.Millisecond, Doubt: 500 * time.Millisecond,
			Call: 5 * time.Second, Read: 10 * time.Second, PollFirst: 20 * time.Millisecond, PollMax: 300 * time.Millisecond,
			RetryFirst: 50 * time.Millisecond, Retries: 6, Machine: time.Minute, Database: time.Minute,
			Report: 10 * time.Second, Plan: patience,
		},
	}
}

// startDiscovery runs a discovery process until the test ends or the returned function is called.
func (r *rollcall) startDiscovery(config app.Config) (stop func()) {
	r.t.Helper()
	return run(r.t, must(app.New(r.t.Context(), config))(r.t))
}

func must[A any](a A, err error) func(testing.TB) A {
	return func(t testing.TB) A {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
}

// run runs a service until the test ends or stop is called.
func run(t testing.TB, service serve.Runner) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	var stopped bool
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("a service ended with %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

func dial(t testing.TB, at serve.Endpoint) *grpc.ClientConn {
	t.Helper()
	conn, err := at.Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// add adds the cloud's account to the inventory, read through a role.
func (r *rollcall) add(cloudID string, change ...func(*accountsv1.Account)) *accountsv1.Account {
	r.t.Helper()
	account := &accountsv1.Account{Cloud: &accountsv1.Account_Aws{Aws: &accountsv1.AwsAccount{
		AccountId: cloudID,
		Credentials: &accountsv1.AwsAccount_AssumeRole{AssumeRole: &accountsv1.AwsAssumeRole{
			RoleArn: simaws.RoleARN(cloudID, "rollcall"),
		}},
	}}}
	for _, c := range change {
		c(account)
	}
	created, err := r.accounts.CreateAccount(r.t.Context(), &accountsv1.CreateAccountRequest{Account: account})
	if err != nil {
		r.t.Fatal(err)
	}
	return created
}

// every sets the sync interval.
func every(interval time.Duration) func(*accountsv1.Account) {
	return func(a *accountsv1.Account) { a.SyncInterval = durationpb.New(interval) }
}

// eventually waits until the condition holds, and fails with the last observed value if it does not
// in time.
func eventually(t testing.TB, what string, holds func() (ok bool, seen any)) {
	t.Helper()
	eventuallyIn(t, patience, what, holds)
}

func eventuallyIn(t testing.TB, limit time.Duration, what string, holds func() (ok bool, seen any)) {
	t.Helper()
	deadline := time.After(limit)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, seen := holds()
		if ok {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("not within %s: %s; last seen: %v", limit, what, seen)
		case <-tick.C:
		}
	}
}

// connection waits for a status of the account.
func (r *rollcall) connection(name string, want accountsv1.Connection_Status) *accountsv1.Connection {
	r.t.Helper()
	var connection *accountsv1.Connection
	eventually(r.t, name+" is "+want.String(), func() (bool, any) {
		account, err := r.accounts.GetAccount(r.t.Context(), &accountsv1.GetAccountRequest{Name: name})
		if err != nil {
			return false, err
		}
		connection = account.GetConnection()
		return connection.GetStatus() == want, connection
	})
	return connection
}

// instances returns all instances of an account in the inventory, by provider id.
func (r *rollcall) instances(name string) map[string]*inventoryv1.Instance {
	r.t.Helper()
	all := map[string]*inventoryv1.Instance{}
	request := &inventoryv1.ListInstancesRequest{Filter: `account = "` + name + `"`, PageSize: 1000}
	for {
		response, err := r.inventory.ListInstances(r.t.Context(), request)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, instance := range response.GetInstances() {
			all[instance.GetProviderId()] = instance
		}
		if request.PageToken = response.GetNextPageToken(); request.PageToken == "" {
			return all
		}
	}
}

// wantTruth checks that the inventory has exactly the instances of the account.
func (r *rollcall) wantTruth(account *accountsv1.Account) {
	r.t.Helper()
	truth, err := r.aws.Truth(account.GetAws().GetAccountId())
	if err != nil {
		r.t.Fatal(err)
	}
	got := r.instances(account.GetName())
	for _, machine := range truth.Instances {
		if got[machine.ID] == nil {
			r.t.Errorf("machine %s is not in the inventory", machine.ID)
		}
		delete(got, machine.ID)
	}
	for _, database := range truth.Databases {
		if got[database.ResourceID] == nil {
			r.t.Errorf("database %s is not in the inventory", database.ResourceID)
		}
		delete(got, database.ResourceID)
	}
	for id := range got {
		r.t.Errorf("%s is in the inventory and not in the cloud", id)
	}
}

// sync requests a sync and waits for its end.
func (r *rollcall) sync(name string) *discoveryv1.SyncRun {
	r.t.Helper()
	queued, err := r.discovery.SyncAccount(r.t.Context(), &discoveryv1.SyncAccountRequest{Name: name})
	if err != nil {
		r.t.Fatal(err)
	}
	return r.watch(queued.GetName())
}

// watch watches a run until its end.
func (r *rollcall) watch(run string) *discoveryv1.SyncRun {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	stream, err := r.discovery.WatchSyncRun(ctx, &discoveryv1.WatchSyncRunRequest{Name: run})
	if err != nil {
		r.t.Fatal(err)
	}
	var last *discoveryv1.SyncRun
	for {
		response, err := stream.Recv()
		if err != nil {
			if last.GetEndTime() == nil {
				r.t.Fatalf("the watch of %s ended with %v after %v", run, err, last)
			}
			return last
		}
		last = response.GetSyncRun()
	}
}
