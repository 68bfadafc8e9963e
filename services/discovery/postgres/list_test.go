package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-dev/rollcall/services/discovery/postgres"
)

// lastQuery remembers the last statement of a pool.
type lastQuery struct {
	sql  string
	args []any
}

func (q *lastQuery) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	q.sql, q.args = data.SQL, data.Args
	return ctx
}

func (*lastQuery) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// fill stores 10,000 operations, audit entries and sync runs, of 200 accounts and as many
// instances as operations.
const fill = `
	WITH n AS (SELECT n, ('01990000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS id FROM generate_series(1, 10000) AS n),
	runs AS (
		INSERT INTO sync_runs (id, account, state, trigger, end_time)
		SELECT id, 'a' || n % 200, 'SUCCEEDED', 'SCHEDULE', now() FROM n
	), operations AS (
		INSERT INTO operations (id, verb, batch, state, user_source, max_parallel, deadline, end_time)
		SELECT id, 'STOP', false, 'ENDED', 'UNKNOWN', 1, now(), now() FROM n
		RETURNING id
	), targets AS (
		INSERT INTO operation_targets (operation, place, instance, account, provider, kind, location, provider_id, provider_uri,
		                               display_name, zone, state, key)
		SELECT operations.id, 0, 'i' || n, 'a' || n % 200, 'AWS', 'VIRTUAL_MACHINE', 'eu-west-1', '', '', '', '', 'SUCCEEDED', operations.id
		FROM operations JOIN n USING (id)
	)
	INSERT INTO audit_entries (id, event, verb, user_source, operation, instance, account)
	SELECT id, 'ENDED', 'STOP', 'UNKNOWN', id::text, 'i' || n, 'a' || n % 200 FROM n`

// TestLists_UseTheirIndexes checks that a page of each list is read by the index that it was
// made for, in its order, and without reading whole tables.
func TestLists_UseTheirIndexes(t *testing.T) {
	t.Parallel()
	_, pool := newStore(t)
	exec(t, pool, fill)
	for _, table := range []string{"sync_runs", "operations", "operation_targets", "audit_entries"} {
		exec(t, pool, "ANALYZE "+table)
	}
	last := &lastQuery{}
	config := pool.Config()
	config.ConnConfig.Tracer = last
	traced, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer traced.Close()
	s := postgres.New(traced, nil)
	runs := func(filter, token string) (string, error) {
		_, next, err := s.Runs(t.Context(), filter, token, 10)
		return next, err
	}
	operations := func(filter, token string) (string, error) {
		_, next, err := s.Operations(t.Context(), filter, token, 10)
		return next, err
	}
	entries := func(filter, token string) (string, error) {
		_, next, err := s.AuditEntries(t.Context(), filter, token, 10)
		return next, err
	}
	for name, test := range map[string]struct {
		page   func(filter, token string) (next string, err error)
		filter string
		index  string
		table  string
	}{
		"runs":                       {runs, "", "sync_runs_pkey", "sync_runs"},
		"runs of an account":         {runs, "account = accounts/a7", "sync_runs_account_idx", "sync_runs"},
		"operations":                 {operations, "", "operations_pkey", "operations"},
		"operations that have ended": {operations, "done = true", "operations_pkey", "operations"},
		"audit":                      {entries, "", "audit_entries_pkey", "audit_entries"},
		"audit of an instance":       {entries, "instance = instances/i7", "audit_entries_instance_idx", "audit_entries"},
		"audit of an operation": {
			entries, fmt.Sprintf("operation = operations/%s", uuid.NewString()), "audit_entries_operation_idx", "audit_entries",
		},
	} {
		token := ""
		for number := range 2 {
			next, err := test.page(test.filter, token)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			plan := explain(t, pool, last)
			if !strings.Contains(plan, test.index+" on "+test.table) || strings.Contains(plan, "Sort") || strings.Contains(plan, "Seq Scan on "+test.table) {
				t.Errorf("%s, page %d, is read by\n%s", name, number+1, plan)
			}
			if token = next; token == "" {
				break
			}
		}
	}
}

// explain returns the plan of a statement.
func explain(t *testing.T, pool *pgxpool.Pool, q *lastQuery) string {
	t.Helper()
	rows, err := pool.Query(t.Context(), "EXPLAIN "+q.sql, q.args...)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
