package postgres_test

import (
	"context"
	"testing"

	"github.com/rollcall-dev/rollcall/migrations"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// TestMigration_Counts migrates an inventory with instances, one of them gone, to 0004.
func TestMigration_Counts(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, dbtest.Template{
		Service: "inventory", Name: "before counts", Version: dbtest.HashFS(migrations.Inventory()),
		Migrate: func(ctx context.Context, url string) error {
			return kit.MigrateTo(ctx, url, migrations.Inventory(), "inventory", 3)
		},
	})
	pool := db.Pool(t)
	exec(t, pool, `
		INSERT INTO instances (uid, scope, fence, first_seen_time, change_time, content_hash, account, provider, kind, provider_id,
			provider_uri, display_name, region, zone, state, provider_state, machine_type, private_ips, public_ips, labels, details, gone_time)
		SELECT gen_random_uuid(), md5('scope' || n % 7)::uuid, 1, now(), now(), decode(md5(n::text), 'hex'), 'aws-' || n % 7, 'AWS',
			'VIRTUAL_MACHINE', 'i-' || n, '', '', 'eu-west-1', 'eu-west-1' || chr(97 + n % 3), CASE WHEN n = 1 THEN 'GONE' ELSE 'RUNNING' END,
			'', 'type-' || n % 5, '{}', '{}', '{}', '{}', CASE WHEN n = 1 THEN now() END
		FROM generate_series(1, 1000) n`)
	if err := kit.Migrate(t.Context(), db.URL, migrations.Inventory(), "inventory"); err != nil {
		t.Fatal(err)
	}
	checkCounts(t, pool)
	var states int64
	if err := pool.QueryRow(t.Context(), `SELECT sum(count) FROM instance_counts WHERE facet = 'state'`).Scan(&states); err != nil || states != 999 {
		t.Errorf("%d instances are counted, want 999: %v", states, err)
	}
}
