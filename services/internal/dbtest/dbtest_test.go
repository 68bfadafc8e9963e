package dbtest_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// migrate creates a table.
func migrate(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, `CREATE TABLE things (id int PRIMARY KEY); INSERT INTO things VALUES (1)`)
	return err
}

var things = dbtest.Template{Service: "inventory", Version: "1", Migrate: migrate}

func TestNew_DatabasesAreSeparated(t *testing.T) {
	for n := range 20 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			pool := dbtest.New(t, things).Pool(t)
			if _, err := pool.Exec(t.Context(), `INSERT INTO things VALUES (2)`); err != nil {
				t.Fatal(err)
			}
			var count int
			if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM inventory.things`).Scan(&count); err != nil {
				t.Fatal(err)
			}
			if count != 2 {
				t.Errorf("%d things, want 2", count)
			}
		})
	}
}

func TestNew_TemplateIsMigratedOnce(t *testing.T) {
	migrations := 0
	template := dbtest.Template{Name: t.Name(), Version: rand.Text(), Migrate: func(ctx context.Context, url string) error {
		migrations++
		return migrate(ctx, url)
	}}
	for range 3 {
		pool := dbtest.New(t, template).Pool(t)
		var id int
		if err := pool.QueryRow(t.Context(), `SELECT id FROM things`).Scan(&id); err != nil {
			t.Fatal(err)
		}
	}
	if migrations != 1 {
		t.Errorf("migrated %d times", migrations)
	}
}

func TestNew_DatabaseIsDroppedWithItsConnections(t *testing.T) {
	observer := dbtest.New(t, things)
	var url, name string
	t.Run("user", func(t *testing.T) {
		db := dbtest.New(t, things)
		url = db.URL
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { // runs before the database is dropped, and leaves the connection open
			if err := conn.QueryRow(context.Background(), `SELECT current_database()`).Scan(&name); err != nil {
				t.Error(err)
			}
		})
	})
	var left int
	pool := observer.Pool(t)
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_database WHERE datname = $1`, name).Scan(&left); err != nil {
		t.Fatal(err)
	}
	if left != 0 {
		t.Errorf("the database %s is still there", name)
	}
}

func TestNew_UsesTheRoleOfTheService(t *testing.T) {
	db := dbtest.New(t, things)
	for url, want := range map[string]string{
		db.URL:      "rollcall_inventory inventory",
		db.AdminURL: "postgres public",
	} {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		var got string
		if err := conn.QueryRow(t.Context(), `SELECT concat_ws(' ', current_user, current_schema())`).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want && os.Getenv("ROLLCALL_TEST_DATABASE_URL") == "" {
			t.Errorf("role and schema are %q, want %q", got, want)
		}
	}
}

func TestHashFS(t *testing.T) {
	file := func(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content)} }
	seen := map[string]int{}
	for i, files := range []fstest.MapFS{
		{"a.sql": file("1")}, {"a.sql": file("2")}, {"b.sql": file("1")}, {"a.sql": file("1"), "b.sql": file("")},
	} {
		hash := dbtest.HashFS(files)
		if other, ok := seen[hash]; ok {
			t.Errorf("files %d and %d have the same hash", other, i)
		}
		seen[hash] = i
		if again := dbtest.HashFS(files); again != hash {
			t.Errorf("files %d have two hashes", i)
		}
	}
}
