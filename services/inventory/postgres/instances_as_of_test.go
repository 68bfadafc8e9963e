package postgres_test

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// logged runs a statement that writes instances, and logs its changes: the oracle of the log,
// which compares the table before and after.
func logged(ctx context.Context, pool *pgxpool.Pool, sql string, args ...any) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `CREATE TEMPORARY TABLE found ON COMMIT DROP AS SELECT * FROM instances`); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, sql, args...); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, logDifferenceSQL); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, recountSQL)
		return err
	})
}

const logDifferenceSQL = `
	WITH difference AS (
		SELECT i.uid, i.change_time, row_number() OVER (ORDER BY i.uid) AS n,
			CASE WHEN f.uid IS NULL THEN 'CREATED' WHEN i.gone_time IS NOT NULL AND f.gone_time IS NULL THEN 'GONE'
				WHEN i.gone_time IS NULL AND f.gone_time IS NOT NULL THEN 'REAPPEARED' ELSE 'CHANGED' END AS type,
			CASE WHEN f.uid IS NOT NULL THEN (SELECT jsonb_object_agg(a.key, a.value)
				FROM jsonb_each(to_jsonb(f)) a JOIN jsonb_each(to_jsonb(i)) b USING (key) WHERE a.value <> b.value) END AS was,
			CASE WHEN f.uid IS NOT NULL THEN (SELECT jsonb_object_agg(b.key, b.value)
				FROM jsonb_each(to_jsonb(f)) a JOIN jsonb_each(to_jsonb(i)) b USING (key) WHERE a.value <> b.value) END AS became
		FROM instances i LEFT JOIN found f USING (uid) WHERE f IS DISTINCT FROM i
	), head AS (
		UPDATE change_head SET revision = revision + (SELECT count(*) FROM difference), time = GREATEST(time, clock_timestamp())
		RETURNING revision - (SELECT count(*) FROM difference) AS before, time
	)
	INSERT INTO changes (revision, time, uid, type, observe_time, was, became)
	SELECT head.before + d.n, head.time, d.uid, d.type, d.change_time, d.was, d.became FROM difference d, head`

// recountSQL counts the instances again.
const recountSQL = `
	DELETE FROM instance_counts;
	INSERT INTO instance_counts (scope, facet, value, region, account, provider, kind, count)
	SELECT i.scope, f.facet, f.value, i.region, i.account, i.provider, i.kind, count(*)
	FROM instances i CROSS JOIN LATERAL (VALUES ('zone', i.zone), ('state', i.state), ('machine_type', i.machine_type)) f (facet, value)
	WHERE i.gone_time IS NULL
	GROUP BY 1, 2, 3, 4, 5, 6, 7`

// newInstanceSQL inserts an instance: uid, account, name, time.
const newInstanceSQL = `
	INSERT INTO instances (uid, scope, fence, first_seen_time, change_time, content_hash, account, provider, kind,
		provider_id, provider_uri, display_name, region, zone, state, provider_state, machine_type,
		private_ips, public_ips, labels, details)
	VALUES ($1::uuid, $1, 1, $4, $4, decode(md5($3::text), 'hex'), $2, 'AWS', 'VIRTUAL_MACHINE', 'i-' || $1::uuid::text, '', $3, 'eu-west-1', '',
		'RUNNING', 'running', 'm6i.large', '{10.0.0.1}', '{}', '{"team": "data"}', '{"virtualMachine": {"spot": false}}')`

// writes are the changes of an instance: each a statement on its UID, with the time of the
// observation.
var writes = []string{
	`UPDATE instances SET state = 'STOPPED', provider_state = E'stopp\\ed "\u00e9"', change_time = $2 WHERE uid = $1 AND gone_time IS NULL`,
	`UPDATE instances SET state = 'RUNNING', labels = labels || '{"a b": "\"{}'' \\"}', change_time = $2 WHERE uid = $1 AND gone_time IS NULL`,
	`UPDATE instances SET labels = '{}', private_ips = '{"10.0.0.2","a\"b,{}",NULL}', change_time = $2 WHERE uid = $1`,
	`UPDATE instances SET details = '{"virtualMachine": {"spot": true, "image": "ami-1"}}', content_hash = decode(md5($2::timestamptz::text), 'hex'), change_time = $2 WHERE uid = $1`,
	`UPDATE instances SET create_time = $2, observe_time = $2, fence = fence + 1, change_time = $2 WHERE uid = $1`,
	`UPDATE instances SET create_time = NULL, private_ips = '{}', change_time = $2 WHERE uid = $1`,
	`UPDATE instances SET state = 'GONE', gone_time = $2, change_time = $2 WHERE uid = $1 AND gone_time IS NULL`,
	`UPDATE instances SET state = 'RUNNING', gone_time = NULL, change_time = $2 WHERE uid = $1 AND gone_time IS NOT NULL`,
}

const clearSQL = `
	TRUNCATE instances, instance_counts, changes;
	UPDATE change_head SET revision = 0, time = now(), floor_revision = 0, floor_time = now()`

// The inventory can be read as of each revision, and each change has the instance before and after
// it.
func TestInstancesAsOf(t *testing.T) {
	t.Parallel()
	_, pool := open(t)
	rapid.Check(t, func(r *rapid.T) {
		if _, err := pool.Exec(t.Context(), clearSQL); err != nil {
			r.Fatal(err)
		}
		var states []map[string]string // the instances, by revision
		states = append(states, map[string]string{})
		for n := range rapid.IntRange(1, 25).Draw(r, "writes") {
			uid := fmt.Sprintf("00000000-0000-0000-0000-%012d", rapid.IntRange(1, 4).Draw(r, "instance"))
			sql, args := newInstanceSQL, []any{uid, "aws-1", "web-" + uid, at(int64(n))}
			if _, there := states[len(states)-1][uid]; there {
				sql, args = rapid.SampledFrom(writes).Draw(r, "write"), []any{uid, at(int64(n))}
			}
			if err := logged(t.Context(), pool, sql, args...); err != nil {
				r.Fatal(err)
			}
			now := texts(r, pool, `SELECT uid::text, to_jsonb(instances)::text FROM instances`)
			if !maps.Equal(now, states[len(states)-1]) {
				states = append(states, now)
			}
		}
		for revision, want := range states {
			var moment time.Time
			if revision > 0 && rapid.Bool().Draw(r, "moment") {
				if err := pool.QueryRow(t.Context(), `SELECT time FROM changes WHERE revision = $1`, revision).Scan(&moment); err != nil {
					r.Fatal(err)
				}
			}
			var args query.Args
			from := postgres.InstancesAsOf(&args, inventory.AsOfPosition{Revision: int64(revision), NotBefore: moment})
			got := texts(r, pool, `SELECT uid::text, to_jsonb(instances)::text FROM `+from+` instances`, args...)
			if !maps.Equal(got, want) {
				r.Fatalf("as of %d\ngot  %v\nwant %v", revision, got, want)
			}
		}
		checkImages(r, pool, states)
	})
}

// checkImages compares the instances of each change with the states around it.
func checkImages(t *rapid.T, pool *pgxpool.Pool, states []map[string]string) {
	rows, err := pool.Query(context.Background(), `SELECT log.revision, log.uid::text, to_jsonb(after)::text,
		CASE WHEN log.was IS NULL THEN '' ELSE to_jsonb(before)::text END FROM `+postgres.ChangeImages("changes"))
	if err != nil {
		t.Fatal(err)
	}
	var revision, count int
	var uid, after, before string
	if _, err := pgx.ForEachRow(rows, []any{&revision, &uid, &after, &before}, func() error {
		count++
		if after != states[revision][uid] || before != states[revision-1][uid] {
			return fmt.Errorf("change %d of %s\nfound %s\nnot   %s\nleft  %s\nnot   %s", revision, uid,
				before, states[revision-1][uid], after, states[revision][uid])
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if count != len(states)-1 {
		t.Fatalf("%d changes of %d", count, len(states)-1)
	}
}

// texts returns two columns of text by the first one, which is unique.
func texts(t *rapid.T, pool *pgxpool.Pool, sql string, args ...any) map[string]string {
	rows, err := pool.Query(context.Background(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	found := map[string]string{}
	var key, value string
	if _, err := pgx.ForEachRow(rows, []any{&key, &value}, func() error {
		found[key] = value
		return nil
	}); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return found
}
