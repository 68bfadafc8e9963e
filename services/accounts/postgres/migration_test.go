package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/migrations"
	"github.com/rollcall-dev/rollcall/services/accounts"
	accountspg "github.com/rollcall-dev/rollcall/services/accounts/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// insertedByVersion1 inserts rows as a program does that knows only 0001.
const insertedByVersion1 = `
	INSERT INTO accounts (id, provider, cloud_id, display_name, labels, credentials_method, credentials)
	SELECT 'aws-' || cloud_id, 'AWS', cloud_id, 'account ' || n, jsonb_build_object('team', '🦊'), 'AWS_ASSUME_ROLE',
	       jsonb_build_object('role_arn', 'arn:aws:iam::' || cloud_id || ':role/rollcall')
	FROM generate_series(%d, %d) AS n, lpad(n::text, 12, '0') AS cloud_id`

// TestMigrate_ConnectionStatus migrates a database with accounts to 0002, while a transaction reads
// them.
func TestMigrate_ConnectionStatus(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, at(1))
	pool := db.Pool(t)
	exec(t, pool, fmt.Sprintf(insertedByVersion1, 1, 100))
	rows := `SELECT concat_ws(' ', id, ctid, xmin, revision, update_time) FROM accounts ORDER BY id`
	before := texts(t, pool, rows)

	reader, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Exec(t.Context(), `SELECT count(*) FROM accounts`); err != nil {
		t.Fatal(err)
	}
	if err := postgres.MigrateTo(t.Context(), db.URL, migrations.Accounts(), accountspg.Schema, 2); err != nil {
		t.Fatalf("with a reader at work: %v", err)
	}
	if err := reader.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}

	if after := texts(t, pool, rows); !slices.Equal(before, after) {
		t.Errorf("rows of accounts were rewritten: %q became %q", before[0], after[0])
	}
	exec(t, pool, fmt.Sprintf(insertedByVersion1, 101, 101)) // an old replica still runs
	if err := postgres.Migrate(t.Context(), db.URL, migrations.Accounts(), accountspg.Schema); err != nil {
		t.Fatal(err)
	}
	store := accountspg.New(pool)
	page, err := store.List(t.Context(), accounts.ListRequest{PageSize: 1000})
	if err != nil || len(page.Accounts) != 101 {
		t.Fatalf("%d accounts, %v", len(page.Accounts), err)
	}
	for _, account := range page.Accounts {
		if account.Connection != (accounts.Connection{Status: accounts.Unknown}) {
			t.Errorf("%s reads %+v", account.ID, account.Connection)
		}
	}
	seen, err := store.Report(t.Context(), "aws-000000000007", accounts.Report{
		Token: 1, Run: "r", News: accounts.Finished{Outcome: accounts.Connected, EndTime: time.Now()},
	})
	if err != nil || seen.Status != accounts.Connected {
		t.Errorf("an old account's first report: %+v, %v", seen, err)
	}
}

// insertedByVersion2 inserts rows as a program does that knows only 0002.
const insertedByVersion2 = `
	INSERT INTO connections (account_id, outcome, last_sync_time, last_success_time)
	SELECT id, 'CONNECTED', now(), now() FROM accounts WHERE id LIKE '%1'`

// TestMigrate_GoogleCloudAndSecrets migrates a database with accounts and connections to 0004,
// while a transaction reads them: no row is rewritten, the old program still works, and the new one
// can change the old accounts.
func TestMigrate_GoogleCloudAndSecrets(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, at(2))
	pool := db.Pool(t)
	exec(t, pool, fmt.Sprintf(insertedByVersion1, 1, 100), insertedByVersion2)
	rows := `SELECT concat_ws(' ', a.id, a.ctid, a.xmin, a.revision, a.update_time, c.ctid, c.xmin)
		FROM accounts a LEFT JOIN connections c ON c.account_id = a.id ORDER BY a.id`
	before := texts(t, pool, rows)
	reader, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Rollback(context.Background()) }()
	for version := range int32(2) {
		// 0003 waits for readers, a moment; 0004 goes on beside them.
		if version == 1 {
			if _, err := reader.Exec(t.Context(), `SELECT count(*) FROM accounts`); err != nil {
				t.Fatal(err)
			}
		}
		if err := postgres.MigrateTo(t.Context(), db.URL, migrations.Accounts(), accountspg.Schema, version+3); err != nil {
			t.Fatal(err)
		}
		if after := texts(t, pool, rows); !slices.Equal(before, after) {
			t.Errorf("rows were rewritten: %q became %q", before[0], after[0])
		}
	}
	exec(t, pool, fmt.Sprintf(insertedByVersion1, 101, 101)) // an old replica still runs
	if loose := texts(t, pool, `SELECT conname FROM pg_constraint WHERE NOT convalidated`); len(loose) > 0 {
		t.Errorf("rules that hold for new rows alone: %q", loose)
	}

	if err := reader.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := postgres.Migrate(t.Context(), db.URL, migrations.Accounts(), accountspg.Schema); err != nil {
		t.Fatal(err)
	}
	store := accountspg.New(pool)
	updated, err := store.Update(t.Context(), "aws-000000000007", func(held *accounts.Account) (*accounts.Account, error) {
		next := *held
		next.Credentials, next.Secret = accounts.Credentials{Method: "AWS_ACCESS_KEY", Settings: map[string]string{"access_key_id": "AKIA"}}, &accounts.Sealed{KeyID: "k", Ciphertext: []byte("c")}
		return &next, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	fetched, fetches, err := store.Fetch(t.Context(), updated.ID)
	if err != nil || fetches != 1 || string(fetched.Secret.Ciphertext) != "c" {
		t.Errorf("fetched %+v %d times: %v", fetched, fetches, err)
	}
	held, err := store.Get(t.Context(), "aws-000000000011")
	if err != nil || held.Connection.Status != accounts.Connected {
		t.Errorf("an old account reads %+v, %v", held, err)
	}
}

// TestMigrate_ReadOnly migrates a database with accounts to 0005: no row is rewritten, no old
// account becomes read-only, and an old replica still works.
func TestMigrate_ReadOnly(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, at(4))
	pool := db.Pool(t)
	exec(t, pool, fmt.Sprintf(insertedByVersion1, 1, 10))
	rows := `SELECT concat_ws(' ', id, ctid, xmin, revision, update_time) FROM accounts ORDER BY id`
	before := texts(t, pool, rows)
	if err := postgres.MigrateTo(t.Context(), db.URL, migrations.Accounts(), accountspg.Schema, 5); err != nil {
		t.Fatal(err)
	}
	if after := texts(t, pool, rows); !slices.Equal(before, after) {
		t.Errorf("rows were rewritten: %q became %q", before[0], after[0])
	}
	exec(t, pool, fmt.Sprintf(insertedByVersion1, 11, 11)) // an old replica still runs
	if found := texts(t, pool, `SELECT id FROM accounts WHERE read_only`); len(found) > 0 {
		t.Errorf("read-only by themselves: %q", found)
	}
}

func TestSchema_NamesAndComments(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t, at(-1)).Pool(t)
	for what, sql := range map[string]string{
		"tables and sequences without a comment": `
			SELECT relname FROM pg_class WHERE relnamespace = 'accounts'::regnamespace AND relkind IN ('r', 'S')
			  AND relname <> 'schema_version' AND obj_description(oid, 'pg_class') IS NULL`,
		"columns without a comment": `
			SELECT attrelid::regclass || '.' || attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
			WHERE relnamespace = 'accounts'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
			  AND relname <> 'schema_version' AND col_description(attrelid, attnum) IS NULL`,
		"constraints with names of chance": `
			SELECT conname FROM pg_constraint WHERE connamespace = 'accounts'::regnamespace AND contype <> 'n'
			  AND conname !~ '^(accounts|connections|secrets)_([a-z_]+_)?(pkey|key|check|fkey)$'`,
	} {
		if found := texts(t, pool, sql); len(found) > 0 {
			t.Errorf("%s: %q", what, found)
		}
	}
}
