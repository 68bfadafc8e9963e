package postgres_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/migrations"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// version2SQL inserts an inventory as the version before the log wrote it: three instances, the
// second one gone, in a scope that was observed twice, and a scope that failed.
const version2SQL = `
	INSERT INTO scopes (uid, account, provider, kind, location, fence, attempt_fence, last_complete_time, last_attempt_time, instance_count, last_error, last_error_reason)
	VALUES ($1, 'aws-1', 'AWS', 'VIRTUAL_MACHINE', 'eu-west-1', 2, 2, $3, $3, 2, '', ''),
		($2, 'aws-1', 'AWS', 'VIRTUAL_MACHINE', 'us-east-1', 0, 1, NULL, $3, 0, 'slow down', 'THROTTLED')`

const instanceOfTwoSQL = `
	INSERT INTO instances (uid, scope, fence, first_seen_time, change_time, gone_time, content_hash, account, provider, kind,
		provider_id, provider_uri, display_name, region, zone, state, provider_state, machine_type, private_ips, public_ips, labels, details)
	VALUES ($1, $2, 1, $3, $3, $4, decode(md5('x'), 'hex'), 'aws-1', 'AWS', 'VIRTUAL_MACHINE',
		$5, '', 'old', 'eu-west-1', '', CASE WHEN $4::timestamptz IS NULL THEN 'RUNNING' ELSE 'GONE' END, '', '', '{}', '{}', '{}', '{}')`

// An inventory in use gets its log while it is read: the log begins with the existing instances,
// in the order in which they were first seen.
func TestMigration_Log(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, dbtest.Template{Service: "inventory", Name: "empty"})
	if err := kit.MigrateTo(t.Context(), db.URL, migrations.Inventory(), "inventory", 2); err != nil {
		t.Fatal(err)
	}
	store, pool := openOn(t, db)
	scope, other := observation("aws-1", "eu-west-1", 1).Scope.UID(), observation("aws-1", "us-east-1", 1).Scope.UID()
	exec(t, pool, version2SQL, scope, other, at(2))
	var seen []string // in the order of first_seen_time
	for n, first := range []int64{9, 7, 8} {
		id := []string{"i-1", "i-2", "i-3"}[n]
		var gone *time.Time
		if id == "i-2" {
			gone = new(at(9))
		}
		exec(t, pool, instanceOfTwoSQL, inventory.InstanceUID("aws-1", inventory.VirtualMachine, id), scope, at(first), gone, id)
	}
	for _, id := range []string{"i-2", "i-3", "i-1"} {
		seen = append(seen, inventory.InstanceUID("aws-1", inventory.VirtualMachine, id).String())
	}

	reading, stop := context.WithCancel(t.Context())
	var reader sync.WaitGroup
	began := make(chan struct{})
	reader.Go(func() {
		for once := false; reading.Err() == nil; once = true {
			var instances, scopes int
			err := pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM instances), (SELECT count(*) FROM scopes)`).Scan(&instances, &scopes)
			if err != nil || instances != 3 || scopes != 2 {
				t.Errorf("a reader saw %d instances in %d scopes, %v", instances, scopes, err)
				return
			}
			if !once {
				close(began)
			}
		}
	})
	<-began
	err := kit.Migrate(t.Context(), db.URL, migrations.Inventory(), "inventory")
	stop()
	reader.Wait()
	if err != nil {
		t.Fatal(err)
	}

	log, err := readLog(pool, 0)
	if err != nil || len(log) != 3 {
		t.Fatalf("%d changes, %v", len(log), err)
	}
	for n, c := range log {
		if c.revision != int64(n+1) || c.typ != "CREATED" || c.uid != seen[n] {
			t.Errorf("change %d is %+v, want that of %s", n, c, seen[n])
		}
	}
	if n := count(t, pool, `SELECT count(*) FROM change_head WHERE revision = 3 AND floor_revision = 0 AND floor_time = time`); n != 1 {
		t.Error("the head does not fit the log")
	}
	if n := count(t, pool, `SELECT count(*) FROM changes_default`); n != 0 {
		t.Errorf("%d changes have no partition of their day", n)
	}
	if n := count(t, pool, `SELECT count(*) FROM scopes WHERE first_complete_time IS NOT DISTINCT FROM last_complete_time`); n != 2 {
		t.Error("first_complete_time is not set")
	}
	// The log after that leads to the inventory, and back to nothing.
	now, err := readInstances(pool)
	if err != nil {
		t.Fatal(err)
	}
	r := &replica{instances: now, log: log}
	apply(t, store, observation("aws-1", "eu-west-1", 3), inventory.Instance{ProviderID: "i-1"}, inventory.Instance{ProviderID: "i-2"})
	if err := r.follow(pool); err != nil {
		t.Fatal(err)
	}
	if err := r.rewind(); err != nil {
		t.Error(err)
	}
	if len(r.log) != 6 {
		t.Errorf("the log is %+v", r.log)
	}
}

// A transaction that reads while changes move to their partition sees one state.
func TestPartitions_ReadWhileChangesMove(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	then := time.Date(2040, 5, 1, 12, 0, 0, 0, time.UTC)
	exec(t, pool, `INSERT INTO changes (revision, time, uid, type, observe_time) VALUES (1, $1, gen_random_uuid(), 'CREATED', $1)`, then)
	tx, err := pool.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	var n int
	if err := tx.QueryRow(t.Context(), `SELECT count(*) FROM change_head`).Scan(&n); err != nil { // this takes the snapshot
		t.Fatal(err)
	}
	if err := store.log.Maintain(t.Context(), then, 0, 0); err != nil {
		t.Fatal(err)
	}
	if err := tx.QueryRow(t.Context(), `SELECT count(*) FROM changes`).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d changes, %v", n, err)
	}
}
