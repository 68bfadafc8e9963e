package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres/read"
)

// miscountedSQL reads the counts that differ from the instances.
const miscountedSQL = `
	WITH counted AS (
		SELECT i.scope, f.facet, f.value, i.region, i.account, i.provider, i.kind, count(*) AS count
		FROM instances i CROSS JOIN LATERAL (VALUES ('zone', i.zone), ('state', i.state), ('machine_type', i.machine_type)) f (facet, value)
		WHERE i.gone_time IS NULL
		GROUP BY 1, 2, 3, 4, 5, 6, 7
	), kept AS (
		SELECT scope, facet, value, region, account, provider, kind, count FROM instance_counts WHERE count > 0
	)
	SELECT 'kept: ' || k::text FROM (SELECT * FROM kept EXCEPT SELECT * FROM counted) k
	UNION ALL
	SELECT 'true: ' || c::text FROM (SELECT * FROM counted EXCEPT SELECT * FROM kept) c`

// checkCounts compares the counts with the instances.
func checkCounts(t interface {
	Helper()
	Fatal(args ...any)
}, pool *pgxpool.Pool) {
	t.Helper()
	rows, err := pool.Query(context.Background(), miscountedSQL)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var wrong string
		if err := rows.Scan(&wrong); err != nil {
			t.Fatal(err)
		}
		t.Fatal(wrong)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// A total is the same whether there are counts for the filter, few instances match, or all are
// read; and so are the groups of an aggregate.
func TestTotals(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	crowd(t, store, pool)
	large := *store
	large.takeAsLarge()
	for _, filter := range []string{
		"", `state = RUNNING`, `state = FAILED`, `NOT state = RUNNING`, `state != RUNNING AND account = "accounts/aws-3"`,
		`account = aws-3 OR account = aws-4`, `location.region = "eu-*"`, `machineType = "u-24tb1.metal"`, `kind = DATABASE`,
		`state = FAILED AND machine_type = "u-24tb1.metal"`, `labels.team = "rare"`, `labels.team = "rare" AND state = FAILED`,
		`labels.team = "team-3"`, `displayName = "web-1*"`, `labels.none = "x"`,
	} {
		t.Run(filter, func(t *testing.T) {
			want := int64(0)
			q := inventory.ListRequest{Filter: filter, PageSize: 1000}
			first, err := store.List(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for page := first; ; {
				want += int64(len(page.Instances))
				if q.PageToken = page.NextPageToken; q.PageToken == "" {
					break
				}
				if page, err = store.List(t.Context(), q); err != nil {
					t.Fatal(err)
				}
			}
			checkTotal(t, filter, first, want, read.ExactTotal)
			// In a large table fewer are counted exactly.
			if first, err = large.List(t.Context(), inventory.ListRequest{Filter: filter}); err != nil {
				t.Fatal(err)
			}
			exact := int64(read.ExactLargeTotal)
			if strings.Contains(filter, "labels.") {
				exact = read.ExactLabelTotal
			}
			checkTotal(t, filter, first, want, exact)
			counted, err := store.AggregateInstances(t.Context(), inventory.AggregateRequest{GroupBy: []string{"account", "kind"}, Filter: filter})
			if err != nil {
				t.Fatal(err)
			}
			sum := int64(0)
			for _, group := range counted.Groups {
				sum += group.Count
			}
			if sum != want {
				t.Errorf("%d by account and kind, and %d are listed", sum, want)
			}
		})
	}
}

// checkTotal checks the total of a first page: it is exact up to a number and where there are
// counts, and otherwise marked as an estimate.
func checkTotal(t *testing.T, filter string, first listed, want, exact int64) {
	t.Helper()
	_, isCounted := postgres.CountsFor(filterOf(t, filter))
	kept := filter == "" || isCounted
	if estimated := !kept && want > exact; first.TotalEstimated != estimated {
		t.Errorf("a total of %d, and %d are listed, is marked as an estimate: %t", first.TotalSize, want, first.TotalEstimated)
	}
	if !first.TotalEstimated && first.TotalSize != want {
		t.Errorf("a total of %d, and %d are listed", first.TotalSize, want)
	}
}

// If there are more matches than are counted, the page is right and the total is marked as an
// estimate.
func TestTotals_Estimated(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	many := make([]inventory.Instance, read.ExactTotal+500)
	for n := range many {
		many[n] = machine("eu-west-1", n)
		many[n].Labels = map[string]string{"env": "prod"}
	}
	apply(t, store, observation("aws-1", "eu-west-1", 1), many...)
	for _, analyzed := range []bool{false, true} { // with and without statistics
		if analyzed {
			exec(t, pool, `ANALYZE instances`)
		}
		page, err := store.List(t.Context(), inventory.ListRequest{Filter: `labels.env = prod`, PageSize: 50})
		if err != nil {
			t.Fatal(err)
		}
		if !page.TotalEstimated || page.TotalSize <= read.ExactLabelTotal || len(page.Instances) != 50 || page.NextPageToken == "" {
			t.Fatalf("analyzed %v: %d instances of %d, estimated %v, next page %q",
				analyzed, len(page.Instances), page.TotalSize, page.TotalEstimated, page.NextPageToken)
		}
		seen := map[string]bool{}
		q := inventory.ListRequest{Filter: `labels.env = prod`, PageSize: 1000}
		for {
			page, err := store.List(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range page.Instances {
				seen[fmt.Sprint(i.UID)] = true
			}
			if q.PageToken = page.NextPageToken; q.PageToken == "" {
				break
			}
		}
		if len(seen) != len(many) {
			t.Errorf("listed %d of %d", len(seen), len(many))
		}
	}
}
