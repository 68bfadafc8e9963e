package postgres_test

import (
	"context"
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-dev/rollcall/migrations"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

const labelledSQL = `
	INSERT INTO instances (uid, scope, fence, first_seen_time, change_time, content_hash, account, provider, kind, provider_id,
		provider_uri, display_name, region, zone, state, provider_state, machine_type, private_ips, public_ips, labels, details)
	SELECT gen_random_uuid(), md5('scope')::uuid, 1, now(), now(), decode(md5(n::text), 'hex'), 'aws-1', 'AWS',
		'VIRTUAL_MACHINE', 'i-' || n, '', '', 'eu-west-1', '', 'RUNNING', '', '', '{}', '{}', jsonb_build_object('team', 'team-' || n % 2), '{}'
	FROM generate_series($1::int, $2::int) n`

// TestMigration_LabelBuckets migrates to 0005 while several processes read and write, after an
// attempt that was interrupted.
func TestMigration_LabelBuckets(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, dbtest.Template{
		Service: "inventory", Name: "before buckets", Version: dbtest.HashFS(migrations.Inventory()),
		Migrate: func(ctx context.Context, url string) error {
			return kit.MigrateTo(ctx, url, migrations.Inventory(), "inventory", 4)
		},
	})
	store, pool := openOn(t, db)
	exec(t, pool, labelledSQL, 1, 3000)
	exec(t, pool, `CREATE INDEX instances_labels_bucket_idx ON instances (uid)`) // from the interrupted attempt

	inUse, stop := context.WithCancel(t.Context())
	var users errgroup.Group
	written := 3000
	users.Go(func() error {
		for ; inUse.Err() == nil; written++ {
			if _, err := pool.Exec(t.Context(), labelledSQL, written+1, written+1); err != nil {
				return fmt.Errorf("write: %w", err)
			}
		}
		return nil
	})
	users.Go(func() error {
		for inUse.Err() == nil {
			page, err := store.List(t.Context(), inventory.ListRequest{Filter: `labels.team = "team-1"`, PageSize: 1000})
			if err != nil || len(page.Instances) != 1000 {
				return fmt.Errorf("read %d instances: %w", len(page.Instances), err)
			}
		}
		return nil
	})
	var migrating errgroup.Group
	for range 3 {
		migrating.Go(func() error { return kit.Migrate(t.Context(), db.URL, migrations.Inventory(), "inventory") })
	}
	err := migrating.Wait()
	stop()
	if usersErr := users.Wait(); err != nil || usersErr != nil {
		t.Fatal(err, usersErr)
	}
	exec(t, pool, `ANALYZE instances`)
	if n := count(t, pool, `SELECT count(*) FROM pg_index WHERE indrelid = 'instances'::regclass AND NOT indisvalid`); n != 0 {
		t.Errorf("%d indexes are not valid", n)
	}
	seen := 0
	for q := (inventory.ListRequest{Filter: `labels.team = "team-1"`, PageSize: 100}); ; {
		page, err := store.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		seen += len(page.Instances)
		if q.PageToken = page.NextPageToken; q.PageToken == "" {
			break
		}
	}
	if want := (written + 1) / 2; seen != want {
		t.Errorf("%d instances have the label, want %d", seen, want)
	}
}
