package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-dev/rollcall/migrations"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
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

// open is a store on a database of its own, and the pool that it works with.
func open(t testing.TB) (*postgres.Store, *pgxpool.Pool) {
	t.Helper()
	return openOn(t, dbtest.New(t, migrated))
}

func openOn(t testing.TB, db *dbtest.DB) (*postgres.Store, *pgxpool.Pool) {
	t.Helper()
	pool, err := kit.Open(t.Context(), kit.Options{URL: db.URL, Settings: postgres.Settings()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return postgres.New(pool), pool
}

// at is the time of the observation with this token: one minute apart.
func at(fence int64) time.Time {
	return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(fence) * time.Minute)
}

// observation is one of the virtual machines of a region.
func observation(account, region string, fence int64) inventory.Observation {
	return inventory.Observation{
		Scope:    inventory.ScopeKey{Account: account, Kind: inventory.VirtualMachine, Location: region},
		Provider: inventory.AWS, Fence: fence, Time: at(fence),
	}
}

// machine is a plausible virtual machine, about 800 bytes as a row.
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
func apply(t testing.TB, store *postgres.Store, obs inventory.Observation, instances ...inventory.Instance) inventory.Changes {
	t.Helper()
	changes, err := tryApply(t.Context(), store, obs, instances...)
	if err != nil {
		t.Fatalf("apply with token %d: %v", obs.Fence, err)
	}
	return changes
}

func tryApply(ctx context.Context, store *postgres.Store, obs inventory.Observation, instances ...inventory.Instance) (changes inventory.Changes, err error) {
	snapshot, err := store.BeginSnapshot(ctx, obs)
	if err != nil {
		return changes, err
	}
	defer func() {
		if closeErr := snapshot.Close(ctx); err == nil {
			err = closeErr
		}
	}()
	var page []inventory.Instance // one for all: Observe keeps nothing of it
	for some := range slices.Chunk(instances, 500) {
		page = append(page[:0], some...)
		if err := snapshot.Observe(page...); err != nil {
			return changes, err
		}
	}
	return finish(ctx, snapshot, int64(len(instances)))
}

// finish completes a snapshot; the cloud has nothing of what it lacks.
func finish(ctx context.Context, snapshot *postgres.Snapshot, count int64) (inventory.Changes, error) {
	return finishWith(ctx, snapshot, count, inventory.NotFound)
}

// finishWith completes a snapshot with one word of the cloud for all that it
// lacks.
func finishWith(ctx context.Context, snapshot *postgres.Snapshot, count int64, evidence inventory.Evidence) (inventory.Changes, error) {
	absent, err := snapshot.Absent(count)
	if err != nil {
		return inventory.Changes{}, err
	}
	for _, uid := range absent {
		snapshot.HearOf(uid, evidence)
	}
	return snapshot.Complete(ctx)
}

// awaitWaiter waits until someone waits for a lock in this database.
func awaitWaiter(t testing.TB, pool *pgxpool.Pool) {
	t.Helper()
	const sql = `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`
	for waits := false; !waits; {
		if err := pool.QueryRow(t.Context(), sql).Scan(&waits); err != nil {
			t.Fatal(err)
		}
	}
}
