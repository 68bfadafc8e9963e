package postgres_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

const month = 30 * 24 * time.Hour

func count(t testing.TB, pool *pgxpool.Pool, sql string, args ...any) (n int64) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

const partitionCountSQL = `SELECT count(*) FROM pg_inherits WHERE inhparent = 'changes'::regclass`

// Partitions are created ahead. Changes that went into the default partition, because there was no
// other, move to theirs, and nothing else moves.
func TestPartitions_Ahead(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	const strayedSQL = `INSERT INTO changes (revision, time, uid, type, observe_time) VALUES ($1, $2, gen_random_uuid(), 'CREATED', $2)`
	then := time.Date(2040, 2, 28, 23, 59, 0, 0, time.FixedZone("", 3600))
	for n, at := range []time.Time{then, then.Add(24 * time.Hour), then.Add(2 * time.Hour), then.Add(100 * 24 * time.Hour)} {
		exec(t, pool, strayedSQL, n+1, at)
	}
	before := count(t, pool, partitionCountSQL)
	for range 2 { // it may be repeated
		if err := store.log.Maintain(t.Context(), then, 2, 0); err != nil {
			t.Fatal(err)
		}
	}
	if made := count(t, pool, partitionCountSQL) - before; made != 3 {
		t.Errorf("%d partitions were made", made)
	}
	for sql, want := range map[string]int64{
		`SELECT count(*) FROM changes`:          4,
		`SELECT count(*) FROM changes_20400228`: 1,
		`SELECT count(*) FROM changes_20400229`: 2,
		`SELECT count(*) FROM changes_20400301`: 0,
		`SELECT count(*) FROM changes_default`:  1,
	} {
		if got := count(t, pool, sql); got != want {
			t.Errorf("%s: %d, want %d", sql, got, want)
		}
	}
	exec(t, pool, strayedSQL, 5, then.Add(3*24*time.Hour))
	exec(t, pool, strayedSQL, 6, then)
	if got := count(t, pool, `SELECT count(*) FROM changes_20400228`); got != 2 {
		t.Errorf("the day has %d changes", got)
	}
}

// Everything older than the retention time is deleted: changes, gaps, and gone instances without
// changes. The log continues where it was.
func TestRetention(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	apply(t, store, observation("aws-1", "eu-west-1", 1), machine("eu-west-1", 1), machine("eu-west-1", 2), machine("eu-west-1", 3))
	apply(t, store, observation("aws-1", "eu-west-1", 2), machine("eu-west-1", 1), machine("eu-west-1", 2))
	exec(t, pool, `INSERT INTO observation_gaps SELECT uid, now() - interval '3 days', now() - interval '2 days', 'THROTTLED' FROM scopes`)
	exec(t, pool, `INSERT INTO observation_gaps SELECT uid, now() - interval '2 days', now() + interval '20 days', 'THROTTLED' FROM scopes`)
	log := func() (floor, revision, changes, instances, gaps int64) {
		return count(t, pool, `SELECT floor_revision FROM change_head`), count(t, pool, `SELECT revision FROM change_head`),
			count(t, pool, `SELECT count(*) FROM changes`), count(t, pool, `SELECT count(*) FROM instances`),
			count(t, pool, `SELECT count(*) FROM observation_gaps`)
	}
	check := func(when string, want [5]int64) {
		t.Helper()
		var got [5]int64
		if got[0], got[1], got[2], got[3], got[4] = log(); got != want {
			t.Errorf("%s: floor, head, changes, instances and gaps are %v, want %v", when, got, want)
		}
	}
	now := time.Now()
	if err := store.log.Maintain(t.Context(), now, 1, month); err != nil {
		t.Fatal(err)
	}
	check("while all is young", [5]int64{0, 4, 4, 3, 2})
	// The gone instance was last observed long ago, and its changes are of today.
	if err := store.log.Maintain(t.Context(), now.Add(24*time.Hour), 1, 24*time.Hour); err != nil {
		t.Fatal(err)
	}
	check("a day later", [5]int64{0, 4, 4, 3, 1})
	for range 2 {
		if err := store.log.Maintain(t.Context(), now.Add(month+2*24*time.Hour), 1, month); err != nil {
			t.Fatal(err)
		}
	}
	check("a month later", [5]int64{4, 4, 0, 2, 1})
	if n := count(t, pool, `SELECT count(*) FROM change_head WHERE floor_time <= time AND floor_time > now() - interval '1 day'`); n != 1 {
		t.Error("the head does not have the begin of history")
	}
	// An instance that was deleted and is observed again is new.
	got := apply(t, store, observation("aws-1", "eu-west-1", 3), machine("eu-west-1", 1), machine("eu-west-1", 2), machine("eu-west-1", 3))
	if got.Created != 1 || got.Reappeared != 0 || got.Unchanged != 2 {
		t.Errorf("got %+v", got)
	}
	check("and then", [5]int64{4, 5, 1, 3, 1})
	changes, err := readLog(pool, 0)
	if err != nil || len(changes) != 1 || changes[0].revision != 5 || changes[0].typ != "CREATED" {
		t.Errorf("the log continues with %+v, %v", changes, err)
	}
}

// Without a retention time everything is kept.
func TestRetention_Forever(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	apply(t, store, observation("aws-1", "eu-west-1", 1), machine("eu-west-1", 1))
	apply(t, store, observation("aws-1", "eu-west-1", 2))
	if err := store.log.Maintain(t.Context(), time.Now().Add(100*month), 1, 0); err != nil {
		t.Fatal(err)
	}
	if changes, instances := count(t, pool, `SELECT count(*) FROM changes`), count(t, pool, `SELECT count(*) FROM instances`); changes != 2 || instances != 1 {
		t.Errorf("%d changes of %d instances", changes, instances)
	}
}

// Nothing is done if another replica maintains the log, and a reader that blocks is waited for
// only briefly.
func TestRetention_GivesWay(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	apply(t, store, observation("aws-1", "eu-west-1", 1), machine("eu-west-1", 1))
	later := time.Now().Add(3 * month)
	before := count(t, pool, partitionCountSQL)
	held := func(sql string) error {
		t.Helper()
		tx, err := pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback(t.Context()) }()
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
		err = store.log.Maintain(t.Context(), later, 1, month)
		if got := count(t, pool, partitionCountSQL); got != before {
			t.Errorf("%d partitions, there were %d", got, before)
		}
		apply(t, store, observation("aws-1", "us-east-1", 1), machine("us-east-1", 2))
		return err
	}
	if err := held(`SELECT pg_advisory_xact_lock(hashtextextended('rollcall inventory retention', 0))`); err != nil {
		t.Errorf("while another replica maintains the log: %v", err)
	}
	if err := held(`SELECT count(*) FROM changes`); fault.KindOf(err) != fault.KindAborted {
		t.Errorf("while one reads: %v", err)
	}
	if err := store.log.Maintain(t.Context(), later, 1, month); err != nil {
		t.Fatal(err)
	}
	if got := count(t, pool, `SELECT count(*) FROM changes`); got != 0 {
		t.Errorf("%d changes are left", got)
	}
	page, err := store.List(t.Context(), inventory.ListRequest{PageSize: 9})
	if err != nil || page.TotalSize != 2 {
		t.Errorf("%d instances are left, %v", page.TotalSize, err)
	}
}
