package postgres_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres/read"
)

// Pages of a label with thousands of instances are read bucket by bucket: each instance once and
// in order, at any page size, and the total is close.
func TestBuckets_Pages(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	store.takeAsLarge()
	crowd(t, store, pool)
	for _, c := range []struct {
		filter, where string
		gone          bool
	}{
		{filter: `labels.env = "prod"`, where: `labels ->> 'env' = 'prod'`},
		{filter: `labels.env = "prod"`, where: `labels ->> 'env' = 'prod'`, gone: true},
		{filter: `labels.env = "dev" AND state = RUNNING`, where: `labels ->> 'env' = 'dev' AND state = 'RUNNING'`},
		{filter: `labels.env = "stage" AND NOT labels.team = "team-3"`, where: `labels ->> 'env' = 'stage' AND labels ->> 'team' <> 'team-3'`},
	} {
		if !c.gone {
			c.where += " AND gone_time IS NULL"
		}
		want := uidsWhere(t, pool, c.where)
		for _, size := range []int{7, 50, 1000} {
			t.Run(fmt.Sprintf("%s gone %t by %d", c.filter, c.gone, size), func(t *testing.T) {
				t.Parallel()
				q := inventory.ListRequest{Filter: c.filter, ShowGone: c.gone, PageSize: size}
				var got []string
				for {
					page, err := store.List(t.Context(), q)
					if err != nil {
						t.Fatal(err)
					}
					if near := math.Abs(float64(page.TotalSize)/float64(len(want)) - 1); !page.TotalEstimated || near > 0.25 {
						t.Fatalf("a total of %d (estimated: %t), want %d", page.TotalSize, page.TotalEstimated, len(want))
					}
					for _, i := range page.Instances {
						got = append(got, i.UID.String())
					}
					if q.PageToken = page.NextPageToken; q.PageToken == "" {
						break
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("%d instances, want %d", len(got), len(want))
				}
			})
		}
	}
}

// A page by bucket reads the instances with the label in one bucket after the other, and so does
// its sample.
func TestBuckets_Plans(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	crowd(t, store, pool)
	for _, filter := range []string{`labels.env = "prod"`, `labels.env = "prod" AND state = RUNNING`} {
		t.Run(filter, func(t *testing.T) {
			q := inventory.ListRequest{Filter: filter, PageSize: 50}
			for _, after := range []string{"", uuid.NewString()} {
				parsed := queryOf(t, q)
				if after != "" {
					parsed.Cursor.After = []string{after}
				}
				page, pageArgs, err := read.BucketSQL(parsed)
				if err != nil {
					t.Fatal(err)
				}
				sample, sampleArgs := read.SampleSQL(parsed, 10)
				for _, plan := range []planNode{explain(t, pool, page, pageArgs), explain(t, pool, sample, sampleArgs)} {
					want{index: []string{"instances_labels_bucket_idx"}, sort: true}.check(t, plan)
					if first := slices.IndexFunc(plan.all(), func(n planNode) bool { return n.Type == "Nested Loop" }); first < 0 || plan.all()[first].Plans[0].Type != "Function Scan" {
						t.Errorf("does not read bucket by bucket: %s", plan)
					}
				}
			}
		})
	}
}

// uidsWhere returns the UIDs of instances, in order.
func uidsWhere(t *testing.T, pool *pgxpool.Pool, where string) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), `SELECT uid::text FROM instances WHERE `+where+` ORDER BY uid`)
	if err != nil {
		t.Fatal(err)
	}
	uids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return uids
}
