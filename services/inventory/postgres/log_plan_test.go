package postgres_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres/log"
)

// Reads of the log use indexes: their cost does not grow with the inventory.
func TestLog_Plans(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	crowd(t, store, pool)
	exec(t, pool, `VACUUM ANALYZE changes`)
	head, err := store.log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	place := func(back int64) inventory.LogPosition {
		at := inventory.LogPosition{Log: head.Log, Revision: head.Revision - back}
		if err := pool.QueryRow(t.Context(), `SELECT time FROM changes WHERE revision = $1`, at.Revision).Scan(&at.Time); err != nil {
			t.Fatal(err)
		}
		return at
	}
	empty := emptyDays(t, pool)
	for name, statement := range map[string]statement{
		"tail":                 {log.PageSQL, []any{head.Revision - 10, head.Revision, place(10).Time, []string(nil)}},
		"page":                 {log.PageSQL, []any{head.Revision - 1000, head.Revision - 800, place(1000).Time, []string{"aws-3"}}},
		"place":                {log.PositionSQL, []any{head.Revision - 10}},
		"unchanged":            unchanged(t, place(10), ``),
		"unchanged of account": unchanged(t, place(10), `account = aws-3`),
		"unchanged by label":   unchanged(t, place(10), `labels.team = "rare"`),
		"changed":              changed(t, place(1000), ``),
		"changed of account":   changed(t, place(1000), `account = aws-3`),
	} {
		plan := explain(t, pool, statement.sql, statement.args)
		for _, node := range plan.all() {
			if node.Type == "Seq Scan" && (node.Relation == "instances" || strings.HasPrefix(node.Relation, "changes") && !empty[node.Relation]) {
				t.Errorf("%s reads the whole table %s: %s", name, node.Relation, plan)
			}
		}
	}
}

// emptyDays returns the partitions of the log without changes. A scan of them costs nothing.
func emptyDays(t *testing.T, pool *pgxpool.Pool) map[string]bool {
	t.Helper()
	empty := map[string]bool{}
	rows, err := pool.Query(t.Context(), `SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'changes'::regclass`)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if count(t, pool, `SELECT count(*) FROM `+name) == 0 {
			empty[name] = true
		}
	}
	return empty
}

type statement struct {
	sql  string
	args []any
}

func unchanged(t *testing.T, at inventory.LogPosition, filter string) (s statement) {
	t.Helper()
	s.sql, s.args = log.UnchangedSQL(at, filterOf(t, filter), 200)
	return s
}

func changed(t *testing.T, at inventory.LogPosition, filter string) (s statement) {
	t.Helper()
	s.sql, s.args = log.ChangedSQL(at, filterOf(t, filter), uuid.MustParse("03000000-0000-0000-0000-000000000000"), 200)
	return s
}
