package postgres_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres/read"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres/write"
)

// planNode is a node of EXPLAIN (FORMAT JSON).
type planNode struct {
	Type     string     `json:"Node Type"`
	Relation string     `json:"Relation Name"`
	Index    string     `json:"Index Name"`
	Plans    []planNode `json:"Plans"`
}

// all returns the node and those below it.
func (n planNode) all() []planNode {
	nodes := []planNode{n}
	for _, below := range n.Plans {
		nodes = append(nodes, below.all()...)
	}
	return nodes
}

func (n planNode) String() string {
	var words []string
	for _, node := range n.all() {
		words = append(words, strings.Join(strings.Fields(node.Type+" "+node.Relation+" "+node.Index), " "))
	}
	return strings.Join(words, " > ")
}

// explain returns the plan of a statement on a connection of the store.
func explain(t *testing.T, pool *pgxpool.Pool, sql string, args []any) planNode {
	t.Helper()
	var text []byte
	if err := pool.QueryRow(t.Context(), "EXPLAIN (FORMAT JSON) "+sql, args...).Scan(&text); err != nil {
		t.Fatalf("explain %s: %v", sql, err)
	}
	var plans []struct{ Plan planNode }
	if err := json.Unmarshal(text, &plans); err != nil {
		t.Fatal(err)
	}
	return plans[0].Plan
}

// want describes a plan.
type want struct {
	// index has the allowed indexes, one of which must be used.
	index []string
	// sort allows a sort, because no index has the order or because there is little to sort.
	sort bool
	// only allows no read of the table.
	only bool
}

// ofScopes reports whether an index is one of the table of scopes.
func ofScopes(index string) bool { return strings.HasPrefix(index, "scopes_") }

func (w want) check(t *testing.T, plan planNode) {
	t.Helper()
	used := ""
	for _, node := range plan.all() {
		switch {
		case node.Type == "Seq Scan" && (node.Relation == "instances" || node.Relation == "scopes" && slices.ContainsFunc(w.index, ofScopes)):
			t.Errorf("reads the whole table: %s", plan)
		case strings.Contains(node.Type, "Sort") && !w.sort:
			t.Errorf("sorts: %s", plan)
		case (strings.HasPrefix(node.Index, "instances_") || ofScopes(node.Index) && slices.ContainsFunc(w.index, ofScopes)) && used == "":
			used = node.Index
			if w.only && node.Type != "Index Only Scan" {
				t.Errorf("reads the table: %s", plan)
			}
		}
	}
	for _, index := range w.index {
		if used == index {
			return
		}
	}
	t.Errorf("uses %q, want one of %v: %s", used, w.index, plan)
}

// crowd inserts 20,000 instances of 10 accounts in 4 regions, a few of them with rare states,
// types and teams, and a tenth of them gone.
func crowd(t *testing.T, store *store, pool *pgxpool.Pool) {
	t.Helper()
	n := 0
	for account := range 10 {
		for _, region := range []string{"eu-west-1", "us-east-1", "us-west-2", "ap-south-1"} {
			instances := make([]inventory.Instance, 500)
			for k := range instances {
				instances[k] = machine(region, n)
				if n++; n%400 == 0 {
					instances[k].State = inventory.StateFailed
					instances[k].MachineType = "u-24tb1.metal"
					instances[k].Labels["team"] = "rare"
				}
			}
			obs := observation(fmt.Sprint("aws-", account), region, 1)
			apply(t, store, obs, instances...)
			obs.Fence, obs.Time = 2, at(2)
			apply(t, store, obs, instances[50:]...)
		}
	}
	exec(t, pool, `VACUUM ANALYZE instances`)
	exec(t, pool, `ANALYZE scopes`)
}

// Each statement of a list uses the index that was made for it.
func TestPlans(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	crowd(t, store, pool)

	for _, c := range []struct {
		filter, order string
		gone          bool
		want          want
	}{
		{want: want{index: []string{"instances_pkey"}}},
		{gone: true, want: want{index: []string{"instances_pkey"}}},
		{filter: `state = FAILED`, want: want{index: []string{"instances_state_idx"}, sort: true}},
		{filter: `state = RUNNING`, want: want{index: []string{"instances_state_idx", "instances_pkey"}}},
		{filter: `account = "accounts/aws-3"`, want: want{index: []string{"instances_account_idx", "instances_pkey"}}},
		{filter: `location.region = "eu-west-1"`, want: want{index: []string{"instances_region_idx", "instances_pkey"}}},
		{filter: `machineType = "u-24tb1.metal"`, want: want{index: []string{"instances_machine_type_idx"}, sort: true}},
		{filter: `machine_type = "m6i.large"`, want: want{index: []string{"instances_machine_type_idx", "instances_pkey"}}},
		{filter: `labels.team = "rare"`, want: want{index: []string{"instances_labels_bucket_idx"}, sort: true}},
		{filter: `labels.team = "team-7" AND state = RUNNING`,
			want: want{index: []string{"instances_labels_bucket_idx", "instances_pkey", "instances_state_idx"}, sort: true}},
		{filter: `provider_id = "i-00000000000000001"`, want: want{index: []string{"instances_provider_id_idx"}}},
		{filter: `provider_uri = "arn:aws:ec2:eu-west-1:1:instance/i-1"`, want: want{index: []string{"instances_provider_uri_idx"}, sort: true}},
		{filter: `display_name = "web-77"`, want: want{index: []string{"instances_display_name_idx"}}},
		{order: "display_name", want: want{index: []string{"instances_display_name_idx"}}},
		{order: "display_name desc", want: want{index: []string{"instances_display_name_idx"}}},
		{order: "provider_id", want: want{index: []string{"instances_provider_id_idx"}}},
		{order: "state", want: want{index: []string{"instances_state_idx"}}},
		{order: "account desc", want: want{index: []string{"instances_account_idx"}}},
		{order: "location.region", want: want{index: []string{"instances_region_idx"}}},
		{order: "machine_type", want: want{index: []string{"instances_machine_type_idx"}}},
	} {
		t.Run(c.filter+" by "+c.order, func(t *testing.T) {
			q := inventory.ListRequest{Filter: c.filter, OrderBy: c.order, ShowGone: c.gone, PageSize: 50}
			checkPages(t, store, pool, q, c.want)
		})
	}
}

// checkPages checks the first page and a later one, because depth must not matter.
func checkPages(t *testing.T, store *store, pool *pgxpool.Pool, q inventory.ListRequest, w want) {
	t.Helper()
	for range 2 {
		sql, args, err := read.PageSQL(queryOf(t, q))
		if err != nil {
			t.Fatal(err)
		}
		w.check(t, explain(t, pool, sql, args))
		far := q
		far.PageSize = 700
		page, err := store.List(t.Context(), far)
		if err != nil {
			t.Fatal(err)
		}
		if q.PageToken = page.NextPageToken; q.PageToken == "" {
			return
		}
	}
}

func TestPlans_Others(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	crowd(t, store, pool)
	scope := observation("aws-3", "eu-west-1", 1).Scope.UID()
	someUIDs := make([][16]byte, 500)
	for n := range someUIDs {
		someUIDs[n] = uuid.New()
	}

	t.Run("the stored instances of a snapshot", func(t *testing.T) {
		want{index: []string{"instances_scope_idx"}}.check(t, explain(t, pool, write.LoadStoredSQL, []any{scope}))
	})
	t.Run("the new instances of a snapshot", func(t *testing.T) {
		want{index: []string{"instances_pkey"}, sort: true}.check(t, explain(t, pool, write.ResolveSQL, []any{someUIDs, scope}))
	})
	t.Run("the gone instances of a snapshot", func(t *testing.T) {
		want{index: []string{"instances_pkey", "instances_scope_idx"}}.check(t,
			explain(t, pool, write.GoneSQL, []any{someUIDs, scope, at(1), int64(1)}))
	})
	for column, index := range map[string]string{
		"provider_id": "instances_provider_id_idx", "provider_uri": "instances_provider_uri_idx", "display_name": "instances_display_name_idx",
	} {
		for _, gone := range []bool{false, true} {
			t.Run(fmt.Sprint("look-up by ", column, " gone ", gone), func(t *testing.T) {
				sql, args := read.LookupSQL(inventory.LookupKey{Field: column, Value: "x"}, inventory.LookupScope{ShowGone: gone})
				want{index: []string{index}, sort: true}.check(t, explain(t, pool, sql, args))
			})
		}
	}
	for _, filter := range []string{"", `state = RUNNING`, `account = aws-3`, `location.region = "eu-west-1"`, `machine_type = "m6i.large"`} {
		t.Run("total of "+filter, func(t *testing.T) {
			sql, args := read.KeptTotalSQL(queryOf(t, inventory.ListRequest{Filter: filter}))
			checkReadsCounts(t, explain(t, pool, sql, args))
		})
	}
	for _, field := range []string{"account", "state", "location.region", "location.zone", "machineType", "provider", "kind"} {
		t.Run("counts by "+field, func(t *testing.T) {
			q, err := inventory.AggregateRequest{GroupBy: []string{field}}.Parse()
			if err != nil {
				t.Fatal(err)
			}
			sql, args := read.AggregateSQL(q)
			checkReadsCounts(t, explain(t, pool, sql, args))
		})
	}
	t.Run("a rare label, with its total", func(t *testing.T) {
		sql, args := read.FewSQL(queryOf(t, inventory.ListRequest{Filter: `labels.team = "rare"`, PageSize: 50}))
		want{index: []string{"instances_labels_bucket_idx"}, sort: true}.check(t, explain(t, pool, sql, args))
	})
	t.Run("an address, with its total", func(t *testing.T) {
		sql, args := read.FewSQL(queryOf(t, inventory.ListRequest{Filter: `privateIps:"10.0.0.1"`, PageSize: 50}))
		want{index: []string{"instances_private_ips_idx"}, sort: true}.check(t, explain(t, pool, sql, args))
	})
}

// manyScopesSQL inserts 20,000 scopes of 1,000 accounts.
const manyScopesSQL = `
	INSERT INTO scopes (uid, account, provider, kind, location, region)
	SELECT gen_random_uuid(), 'aws-' || n / 20, 'AWS', 'VIRTUAL_MACHINE', 'region-' || n % 20, 'region-' || n % 20
	FROM generate_series(1, 20000) n`

// TestPlans_Scopes reads pages of scopes by their key, whatever the filter.
func TestPlans_Scopes(t *testing.T) {
	t.Parallel()
	_, pool := open(t)
	exec(t, pool, manyScopesSQL)
	exec(t, pool, `VACUUM ANALYZE scopes`)
	for _, filter := range []string{"", `account = aws-77`, `unreachable = true`} {
		for _, after := range []inventory.ScopeKey{{}, {Account: "aws-5", Kind: inventory.VirtualMachine, Location: "region-7"}} {
			t.Run(filter+" after "+after.String(), func(t *testing.T) {
				q, err := inventory.ScopesRequest{Filter: filter, PageSize: 100}.Parse()
				if err != nil {
					t.Fatal(err)
				}
				q.After = after
				sql, args := read.ScopesSQL(q)
				want{index: []string{"scopes_account_kind_location_key"}}.check(t, explain(t, pool, sql, args))
			})
		}
	}
}

// TestPlans_Export reads an index for an export with a narrow filter.
func TestPlans_Export(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	crowd(t, store, pool)
	sql, args := read.ExportSQL(inventory.ExportQuery{Filter: filterOf(t, `labels.team = "rare"`)})
	want{index: []string{"instances_labels_bucket_idx", "instances_labels_idx"}, sort: true}.check(t, explain(t, pool, sql, args))
}

// checkReadsCounts checks that a plan reads the counts and nothing else.
func checkReadsCounts(t *testing.T, plan planNode) {
	t.Helper()
	for _, node := range plan.all() {
		if node.Relation != "" && node.Relation != "instance_counts" {
			t.Errorf("reads %s: %s", node.Relation, plan)
		}
	}
}
