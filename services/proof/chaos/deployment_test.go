package chaos

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/migrations"
	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	simgcp "github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
	"github.com/rollcall-dev/rollcall/services/internal/servetest"
)

// stuckAfter is the duration after which something that has not ended counts as stuck.
const stuckAfter = 90 * time.Second

// The accounts of the clouds. They are small, so that a scenario can change most of their
// resources.
var (
	amazonAccounts = []string{"100000000001", "100000000002"}
	amazonRegions  = []string{"eu-west-1", "us-east-1"}
	googleProjects = []string{"chaos-project-1"}
	googleRegions  = []string{"europe-west1", "us-central1"}
)

// versionTag is the tag that counts the changes of every resource in the clouds.
const versionTag = "v"

func worldConfig(seed uint64) cloudsim.Config {
	amazon := simaws.Config{TerminatedFor: 500 * time.Millisecond}
	for _, id := range amazonAccounts {
		amazon.Plan = append(amazon.Plan, simaws.AccountPlan{ID: id, Regions: amazonRegions, Instances: 9, Databases: 6})
	}
	var google simgcp.Config
	for _, id := range googleProjects {
		google.Projects = append(google.Projects, simgcp.ProjectPlan{ID: id, Regions: googleRegions, Instances: 3, Databases: 4})
	}
	return cloudsim.Config{
		Seed: seed, VersionTag: versionTag, PageSize: 4, Latency: 4 * time.Millisecond, Transition: 300 * time.Millisecond,
		Clouds: cloudsim.Clouds{amazon, google},
	}
}

// deployment is a whole Rollcall: one accounts service, two inventories, two discoveries, Postgres,
// and the clouds.
type deployment struct {
	world    *cloudsim.World
	aws      *simaws.Cloud
	gcp      *simgcp.Cloud
	google   *simgcp.Server
	postgres *dbtest.Server
	adminURL string
	children []*child
	workers  []*child

	accounts  accountsv1.AccountServiceClient
	inventory []inventoryv1.InventoryServiceClient
	discovery []discoveryv1.DiscoveryServiceClient
	lifecycle []discoveryv1.LifecycleServiceClient
	ops       []discoveryv1.OperationServiceClient
}

// deploy starts a deployment that runs until the end of the test.
func deploy(t testing.TB, seed uint64) *deployment {
	t.Helper()
	world := cloudsim.New(worldConfig(seed))
	d := &deployment{world: world, aws: simaws.In(world), gcp: simgcp.In(world), postgres: dbtest.NewServer(t)}
	amazon, err := simaws.Serve(d.world)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = amazon.Close() })
	if d.google, err = simgcp.Serve(d.world); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.google.Close() })

	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // Never fails (crypto/rand).
	base := childConfig{
		Key: base64.StdEncoding.EncodeToString(secret), AWS: amazon.URL, Google: d.google.URL,
		KeysetFile: filepath.Join(t.TempDir(), "keyset.json"),
	}
	accounts := base
	accounts.Service, accounts.DatabaseURL = "accounts", d.database(t, "accounts", migrations.Accounts())
	accounts.GRPC, accounts.Internal = servetest.Address(t), servetest.Address(t)
	d.children = append(d.children, startChild(t, "accounts", accounts))
	d.accounts = accountsv1.NewAccountServiceClient(dial(t, accounts.GRPC))

	inventoryURL := d.database(t, "inventory", migrations.Inventory())
	var inventories []childConfig
	for i := range 2 {
		inventory := base
		inventory.Service, inventory.DatabaseURL = "inventory", inventoryURL
		inventory.GRPC, inventory.Internal = servetest.Address(t), servetest.Address(t)
		inventories = append(inventories, inventory)
		d.children = append(d.children, startChild(t, fmt.Sprintf("inventory-%d", i), inventory))
		d.inventory = append(d.inventory, inventoryv1.NewInventoryServiceClient(dial(t, inventory.GRPC)))
	}
	runs := d.database(t, "discovery", migrations.Discovery())
	for i := range 2 {
		worker := base
		worker.Service, worker.DatabaseURL, worker.GRPC = "discovery", runs, servetest.Address(t)
		worker.Accounts, worker.Inventory = accounts.Internal, inventories[i].Internal
		d.workers = append(d.workers, startChild(t, fmt.Sprintf("discovery-%d", i), worker))
		conn := dial(t, worker.GRPC)
		d.discovery = append(d.discovery, discoveryv1.NewDiscoveryServiceClient(conn))
		d.lifecycle = append(d.lifecycle, discoveryv1.NewLifecycleServiceClient(conn))
		d.ops = append(d.ops, discoveryv1.NewOperationServiceClient(conn))
	}
	d.children = append(d.children, d.workers...)
	return d
}

// database creates a database for a service.
func (d *deployment) database(t testing.TB, service string, files fs.FS) string {
	t.Helper()
	db := d.postgres.New(t, dbtest.Template{
		Service: service, Version: dbtest.HashFS(files),
		Migrate: func(ctx context.Context, url string) error { return postgres.Migrate(ctx, url, files, service) },
	})
	d.adminURL = db.AdminURL
	return db.URL
}

// sessions describes the sessions of Postgres with their locks, and the sync runs that have not
// ended.
func (d *deployment) sessions(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, d.adminURL)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `
		SELECT format('%s %s %s since %s, in a transaction since %s, waits for %s %s: %s',
			usename, pid, state, state_change, xact_start, wait_event_type, pg_blocking_pids(pid), left(query, 300))
		FROM pg_stat_activity WHERE backend_type = 'client backend'
		UNION ALL SELECT 'now ' || now()::text
		UNION ALL SELECT 'run ' || to_jsonb(r)::text FROM discovery.sync_runs r WHERE end_time IS NULL
		UNION ALL SELECT 'schedule ' || to_jsonb(s)::text FROM discovery.schedules s
		UNION ALL SELECT 'leader ' || to_jsonb(l)::text FROM discovery.river_leader l
		UNION ALL SELECT 'job ' || to_jsonb(j)::text FROM discovery.river_job j WHERE finalized_at IS NULL`)
	if err != nil {
		return "", err
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return strings.Join(lines, "\n"), err
}

// dial connects to a service. Calls wait while the service is unavailable.
func dial(t testing.TB, address string) *grpc.ClientConn {
	t.Helper()
	soon := backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.5, Jitter: 0.2, MaxDelay: 500 * time.Millisecond}
	conn, err := serve.Address(address).Dial(
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: soon, MinConnectTimeout: 2 * time.Second}),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true), grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// thaw continues every frozen process.
func (d *deployment) thaw() {
	for _, c := range d.children {
		if c.isFrozen() {
			c.signal(sigCont)
		}
	}
}

// keepLogs ends the processes, writes their output and stacks to files, and returns the folder.
func (d *deployment) keepLogs(ctx context.Context) string {
	dir, err := os.MkdirTemp("", "rollcall-chaos-")
	if err != nil {
		return err.Error()
	}
	sessions, err := d.sessions(ctx)
	if err != nil {
		sessions = err.Error()
	}
	_ = os.WriteFile(filepath.Join(dir, "postgres.log"), []byte(sessions), 0o600) // For people; nothing depends on it.
	for _, c := range d.children {
		c.dumpStacks()
		_ = os.WriteFile(filepath.Join(dir, c.name+".log"), c.output.bytes(), 0o600) // For people; nothing depends on it.
	}
	return dir
}
