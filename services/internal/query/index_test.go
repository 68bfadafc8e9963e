package query_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/query"
)

// The conditions have the form that indexes support.
func TestIndexesServe(t *testing.T) {
	pool := database(t)
	tx, err := pool.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	// The table is empty, so that Postgres would use no index.
	if _, err := tx.Exec(context.Background(), "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, filter, order string
		cursor              []string
		want                string
	}{
		{name: "a label", filter: `labels.team = "x"`, want: "Index Cond: (labels @> "},
		{name: "a key", filter: `marks:team`, want: "Index Cond: (marks ? "},
		{name: "an address", filter: `private_ips:10.0.0.1`, want: "Index Cond: (private_ips @> "},
		{name: "a value", filter: `display_name = web`, want: "Index Cond: (display_name = "},
		{name: "one of some", filter: `state = (RUNNING OR GONE)`, want: "things_state_idx"},
		{
			name: "a page", order: "displayName", cursor: []string{"web", uid},
			want: "Index Cond: (ROW(display_name, uid) > ROW(",
		},
		{
			name: "a page backwards", order: "displayName desc", cursor: []string{"web", uid},
			want: "Index Cond: (ROW(display_name, uid) < ROW(",
		},
		{
			name: "a page of a filter", filter: "state = GONE", cursor: []string{uid},
			want: "(uid > ",
		},
		{
			name: "a page of mixed order", order: "displayName desc, name", cursor: []string{"web", uid},
			want: "Index Cond: (display_name <= ",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := explain(t, tx, test.filter, test.order, test.cursor)
			if !strings.Contains(plan, test.want) {
				t.Errorf("want %s in\n%s", test.want, plan)
			}
		})
	}
}

func explain(t *testing.T, tx pgx.Tx, filterText, orderText string, cursor []string) string {
	t.Helper()
	filter, err := things.ParseFilter(filterText)
	if err != nil {
		t.Fatal(err)
	}
	order, err := things.ParseOrder(orderText)
	if err != nil {
		t.Fatal(err)
	}
	var args query.Args
	where := filter.Where(&args)
	after, err := order.After(&args, cursor)
	if err != nil {
		t.Fatal(err)
	}
	sql := "EXPLAIN (COSTS OFF) SELECT FROM things WHERE " + where + " AND " + after
	if cursor != nil {
		sql += " ORDER BY " + order.OrderBy()
	}
	rows, err := tx.Query(context.Background(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return strings.Join(lines, "\n")
}
