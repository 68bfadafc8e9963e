package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-dev/rollcall/migrations"
	accountspg "github.com/rollcall-dev/rollcall/services/accounts/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// at returns a database at a version of the schema; -1 is the newest.
func at(version int32) dbtest.Template {
	return dbtest.Template{
		Service: "accounts",
		Name:    map[int32]string{1: "version 1", 2: "version 2", 4: "version 4", -1: ""}[version],
		Version: dbtest.HashFS(migrations.Accounts()),
		Migrate: func(ctx context.Context, url string) error {
			return postgres.MigrateTo(ctx, url, migrations.Accounts(), accountspg.Schema, version)
		},
	}
}

// exec runs statements that must succeed.
func exec(t *testing.T, pool *pgxpool.Pool, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// texts returns the rows of a query for one text.
func texts(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
