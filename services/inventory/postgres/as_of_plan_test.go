package postgres_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres/read"
)

// crowdLogSQL writes the log of the crowd: each instance was created, in partitions of three days,
// and changed on the last day; one in a hundred changed again lately.
const crowdLogSQL = `
	CREATE TABLE changes_1 PARTITION OF changes FOR VALUES FROM ('2024-02-01') TO ('2024-02-02');
	CREATE TABLE changes_2 PARTITION OF changes FOR VALUES FROM ('2024-02-02') TO ('2024-02-03');
	CREATE TABLE changes_3 PARTITION OF changes FOR VALUES FROM ('2024-02-03') TO ('2024-02-04');
	TRUNCATE changes;
	INSERT INTO changes (revision, time, uid, type, observe_time)
		SELECT n, '2024-02-01T00:00:00Z'::timestamptz + n * interval '8 s', uid, 'CREATED', first_seen_time
		FROM (SELECT row_number() OVER (ORDER BY uid) AS n, * FROM instances) i;
	INSERT INTO changes (revision, time, uid, type, observe_time, was, became)
		SELECT 20000 + row_number() OVER (ORDER BY uid), '2024-02-03T01:00:00Z', uid, 'CHANGED', change_time, '{"state": "PENDING"}', jsonb_build_object('state', state)
		FROM instances;
	INSERT INTO changes (revision, time, uid, type, observe_time, was, became)
		SELECT 40000 + row_number() OVER (ORDER BY uid), '2024-02-03T12:00:00Z', uid, 'CHANGED', change_time, '{"state": "PENDING"}', jsonb_build_object('state', state)
		FROM (SELECT row_number() OVER (ORDER BY uid) AS n, * FROM instances) i WHERE n % 100 = 0;
	INSERT INTO observation_gaps (scope, start_time, end_time, reason)
		SELECT uid, '2024-02-01T00:00:00Z'::timestamptz + n * interval '1 min', '2024-02-01T00:00:30Z'::timestamptz + n * interval '1 min', 'THROTTLED'
		FROM scopes, generate_series(1, 500) n;
	UPDATE change_head SET revision = (SELECT max(revision) FROM changes), time = '2024-02-03T12:00:00Z', floor_time = '2024-02-01T00:00:00Z'`

// Past states are read by the indexes of the present, and only the needed partitions of the log
// are read.
func TestAsOf_Plans(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	crowd(t, store, pool)
	exec(t, pool, crowdLogSQL)
	exec(t, pool, `VACUUM ANALYZE changes`)
	exec(t, pool, `VACUUM ANALYZE observation_gaps`)
	var uid, scope uuid.UUID
	if err := pool.QueryRow(t.Context(), `SELECT uid, scope FROM instances WHERE gone_time IS NULL ORDER BY uid LIMIT 1`).Scan(&uid, &scope); err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2024, 2, 3, 11, 0, 0, 0, time.UTC)

	for _, c := range []struct {
		filter, order string
		want          want
	}{
		{want: want{index: []string{"instances_pkey"}, sort: true}},
		{filter: `state = FAILED`, want: want{index: []string{"instances_state_idx"}, sort: true}},
		{filter: `account = "accounts/aws-3"`, want: want{index: []string{"instances_account_idx", "instances_pkey"}, sort: true}},
		{filter: `labels.team = "rare"`, want: want{index: []string{"instances_labels_bucket_idx"}, sort: true}},
		{order: "display_name", want: want{index: []string{"instances_display_name_idx"}, sort: true}},
	} {
		t.Run("a page of "+c.filter+" by "+c.order, func(t *testing.T) {
			q := queryOf(t, inventory.ListRequest{Filter: c.filter, OrderBy: c.order, PageSize: 50, AsOf: noon})
			sql, args, err := read.PageAsOfSQL(q, inventory.AsOfPosition{Revision: 40000, NotBefore: noon})
			if err != nil {
				t.Fatal(err)
			}
			plan := explain(t, pool, sql, args)
			c.want.check(t, plan)
			checkLog(t, plan, "changes_3")
		})
	}
	t.Run("one instance", func(t *testing.T) {
		sql, args := read.GetAsOfSQL(uid, noon, inventory.AsOfPosition{Revision: 40000, NotBefore: noon})
		plan := explain(t, pool, sql, args)
		want{index: []string{"instances_pkey"}, sort: true}.check(t, plan)
		checkLog(t, plan, "changes_3")
	})
	t.Run("history", func(t *testing.T) {
		plan := explain(t, pool, read.HistorySQL, []any{uid, int64(math.MaxInt64), int64(0), 50})
		checkLog(t, plan, "changes_1", "changes_2", "changes_3")
	})
	t.Run("gaps", func(t *testing.T) {
		plan := explain(t, pool, read.GapsSQL, []any{uid, scope, noon, uuid.Max, noon.Add(-time.Hour), noon, 1001})
		checkLog(t, plan, "changes_1", "changes_2", "changes_3")
		for _, node := range plan.all() {
			if node.Type == "Seq Scan" && node.Relation == "observation_gaps" {
				t.Errorf("reads all gaps: %s", plan)
			}
		}
	})
	t.Run("the position of a time", func(t *testing.T) {
		plan := explain(t, pool, read.RevisionAtSQL, []any{noon, int64(0), int64(40201)})
		checkLog(t, plan, "changes_1", "changes_2", "changes_3")
	})
}

// checkLog checks that a plan reads these of the three partitions by an index, and no others.
// Empty partitions do not count.
func checkLog(t *testing.T, plan planNode, partitions ...string) {
	t.Helper()
	indexed := map[string]bool{}
	for _, node := range plan.all() {
		if !slices.Contains([]string{"changes_1", "changes_2", "changes_3"}, node.Relation) {
			continue
		}
		indexed[node.Relation] = true
		if node.Type == "Seq Scan" {
			t.Errorf("reads a whole day of the log: %s", plan)
		}
	}
	for _, partition := range partitions {
		if !indexed[partition] {
			t.Errorf("does not read %s: %s", partition, plan)
		}
		delete(indexed, partition)
	}
	if len(indexed) > 0 {
		t.Errorf("reads %v too: %s", indexed, plan)
	}
}
