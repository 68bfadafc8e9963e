package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-dev/rollcall/migrations"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/ingest"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres/log"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres/read"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres/write"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// migrated is a database with the schema as it is now.
var migrated = dbtest.Template{
	Service: "inventory",
	Version: dbtest.HashFS(migrations.Inventory()),
	Migrate: func(ctx context.Context, url string) error {
		return kit.Migrate(ctx, url, migrations.Inventory(), "inventory")
	},
}

// store is the inventory as the service composes it, with the requests of the API.
type store struct {
	db     *postgres.DB
	reader *read.Store
	log    *log.Store
	ingest *ingest.Service
}

// open returns a store on a database of its own, and the pool that it uses.
func open(t testing.TB) (*store, *pgxpool.Pool) {
	t.Helper()
	return openOn(t, dbtest.New(t, migrated))
}

func openOn(t testing.TB, db *dbtest.DB) (*store, *pgxpool.Pool) {
	t.Helper()
	pool, err := kit.Open(t.Context(), kit.Options{URL: db.URL, Settings: postgres.Settings()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	shared := postgres.New(pool)
	return &store{
		db: shared, reader: read.New(shared, read.SmallBytes), log: log.New(shared), ingest: ingest.New(write.New(shared)),
	}, pool
}

// takeAsLarge makes the store treat its table as a large one.
func (s *store) takeAsLarge() { s.reader = read.New(s.db, 0) }

// listed is a page with its instances.
type listed struct {
	inventory.Page
	Instances     []inventory.Instance
	NextPageToken string
}

// List reads a page of instances.
func (s *store) List(ctx context.Context, r inventory.ListRequest) (listed, error) {
	var result listed
	q, err := r.Parse()
	if err != nil {
		return result, err
	}
	result.Page, err = s.reader.ListInstances(ctx, q, func(record *inventory.Record) error {
		instance, err := record.Instance()
		result.Instances = append(result.Instances, instance)
		return err
	})
	result.NextPageToken = q.PageToken(result.Next)
	return result, err
}

// ListScopes reads a page of scopes.
func (s *store) ListScopes(ctx context.Context, r inventory.ScopesRequest) (inventory.ScopesPage, error) {
	q, err := r.Parse()
	if err != nil {
		return inventory.ScopesPage{}, err
	}
	return s.reader.ListScopes(ctx, q)
}

// AggregateInstances counts instances.
func (s *store) AggregateInstances(ctx context.Context, r inventory.AggregateRequest) (inventory.Aggregate, error) {
	q, err := r.Parse()
	if err != nil {
		return inventory.Aggregate{}, err
	}
	return s.reader.AggregateInstances(ctx, q)
}

// historyPage is a page of the changes of an instance.
type historyPage struct {
	inventory.History
	NextPageToken string
}

// ListInstanceChanges reads a page of the changes of an instance.
func (s *store) ListInstanceChanges(ctx context.Context, uid uuid.UUID, r inventory.HistoryRequest) (historyPage, error) {
	r.Instance = uid
	q, err := r.Parse()
	if err != nil {
		return historyPage{}, err
	}
	page, err := s.reader.ListInstanceChanges(ctx, q)
	return historyPage{page, q.PageToken(page.Next)}, err
}

// filterOf parses a filter of instances.
func filterOf(t testing.TB, text string) *query.Filter {
	t.Helper()
	q, err := inventory.ExportRequest{Filter: text}.Parse()
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return q.Filter
}

// queryOf parses a request for a page of instances.
func queryOf(t testing.TB, r inventory.ListRequest) inventory.ListQuery {
	t.Helper()
	q, err := r.Parse()
	if err != nil {
		t.Fatalf("%+v: %v", r, err)
	}
	return q
}

// at returns the time of the observation with this token: they are one minute apart.
func at(fence int64) time.Time {
	return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(fence) * time.Minute)
}

// observation returns one of the virtual machines of a region.
func observation(account, region string, fence int64) inventory.Observation {
	return inventory.Observation{
		Scope:    inventory.ScopeKey{Account: account, Kind: inventory.VirtualMachine, Location: region},
		Provider: inventory.AWS, Fence: fence, Time: at(fence),
	}
}

// machine returns a virtual machine of about 800 bytes as a row.
func machine(region string, n int) inventory.Instance {
	id := fmt.Sprintf("i-%017x", n*2654435761)
	return inventory.Instance{
		ProviderID: id, ProviderURI: "arn:aws:ec2:" + region + ":100000000001:instance/" + id,
		DisplayName: fmt.Sprintf("web-%d", n), Region: region, Zone: region + string(rune('a'+n%3)),
		State:         []inventory.State{"RUNNING", "RUNNING", "RUNNING", "STOPPED", "PENDING"}[n%5],
		ProviderState: "running", MachineType: []string{"m6i.large", "m6i.2xlarge", "t3.micro", "c7g.xlarge"}[n%4],
		PrivateIPs: []string{fmt.Sprintf("10.%d.%d.%d", n>>16&0xff, n>>8&0xff, n&0xff)},
		Labels: map[string]string{
			"Name": fmt.Sprintf("web-%d", n), "team": fmt.Sprintf("team-%d", n%20), "env": []string{"prod", "dev", "stage"}[n%3],
			"cost-center": fmt.Sprintf("cc-%d", n%100), "managed-by": "terraform", "aws:autoscaling:groupName": fmt.Sprintf("asg-%d", n%500),
		},
		CreateTime: at(0).Add(-time.Duration(n) * time.Minute),
		VM: &inventory.VMDetails{
			Image: fmt.Sprintf("ami-%017x", n%50), Architecture: "x86_64", Platform: "Linux/UNIX", Spot: n%10 == 0,
			Network: "vpc-0123456789abcdef0", Subnet: fmt.Sprintf("subnet-%017x", n%20),
			Hostname: "ip-10-0-1-2.eu-west-1.compute.internal", StartTime: at(0),
		},
	}
}

// apply applies a complete snapshot.
func apply(t testing.TB, store *store, obs inventory.Observation, instances ...inventory.Instance) inventory.Changes {
	t.Helper()
	changes, err := tryApply(t.Context(), store, obs, instances...)
	if err != nil {
		t.Fatalf("apply with token %d: %v", obs.Fence, err)
	}
	return changes
}

func tryApply(ctx context.Context, store *store, obs inventory.Observation, instances ...inventory.Instance) (changes inventory.Changes, err error) {
	snapshot, err := store.ingest.Begin(ctx, obs)
	if err != nil {
		return changes, err
	}
	defer func() {
		if closeErr := snapshot.Close(ctx); err == nil {
			err = closeErr
		}
	}()
	var page []inventory.Instance // for all pages, because Observe keeps no reference to it
	for some := range slices.Chunk(instances, 500) {
		page = append(page[:0], some...)
		if err := snapshot.Observe(page...); err != nil {
			return changes, err
		}
	}
	return finish(ctx, store, snapshot, int64(len(instances)))
}

// finish completes a snapshot. The provider answers NOT_FOUND about all missing instances.
func finish(ctx context.Context, store *store, snapshot *ingest.Snapshot, count int64) (inventory.Changes, error) {
	return finishWith(ctx, store, snapshot, count, inventory.NotFound)
}

// finishWith completes a snapshot with the same evidence about all missing instances.
func finishWith(ctx context.Context, store *store, snapshot *ingest.Snapshot, count int64, evidence inventory.Evidence) (inventory.Changes, error) {
	missing, err := snapshot.Missing(count)
	if err != nil {
		return inventory.Changes{}, err
	}
	described, err := store.ingest.Describe(ctx, missing)
	if err != nil {
		return inventory.Changes{}, err
	}
	for n := range described {
		if err := snapshot.RecordEvidence(inventory.Finding{ProviderID: described[n].ProviderID, Evidence: evidence}); err != nil {
			return inventory.Changes{}, err
		}
	}
	return snapshot.Complete(ctx)
}

// awaitWaiter waits until a connection waits for a lock in this database.
func awaitWaiter(t testing.TB, pool *pgxpool.Pool) {
	t.Helper()
	const sql = `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`
	for waits := false; !waits; {
		if err := pool.QueryRow(t.Context(), sql).Scan(&waits); err != nil {
			t.Fatal(err)
		}
	}
}
