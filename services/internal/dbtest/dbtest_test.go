package dbtest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// migrate makes one table of the kind that services have.
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

func TestDatabasesAreApart(t *testing.T) {
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
