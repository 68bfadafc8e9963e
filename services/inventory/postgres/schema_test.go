package postgres_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
)

const (
	goodScope = `INSERT INTO scopes (uid, account, provider, kind, location, fence, attempt_fence, last_complete_time, last_attempt_time)
		VALUES (gen_random_uuid(), 'aws-1', 'AWS', 'VIRTUAL_MACHINE', 'eu-west-1', 1, 1, now(), now())`

	goodInstance = `INSERT INTO instances (uid, scope, fence, first_seen_time, change_time, content_hash, account, provider, kind,
			provider_id, provider_uri, display_name, region, zone, state, provider_state, machine_type, private_ips, public_ips, labels, details)
		VALUES ('00000000-0000-0000-0000-000000000001', gen_random_uuid(), 1, now(), now(), '\x00112233445566778899aabbccddeeff', 'aws-1', 'AWS', 'VIRTUAL_MACHINE',
			'i-1', '', '', '', '', 'RUNNING', '', '', '{}', '{}', '{}', '{}')`

	goodCount = `INSERT INTO instance_counts VALUES ('00000000-0000-0000-0000-000000000002', 'state', 'RUNNING', '', 'aws-1', 'AWS', 'DATABASE', 1)`
)

// Each rule of the tables stands in the tables, under its name.
func TestConstraints(t *testing.T) {
	t.Parallel()
	_, pool := open(t)
	exec(t, pool, goodScope)
	exec(t, pool, goodInstance)
	exec(t, pool, goodCount)
	for _, c := range []struct{ sql, constraint string }{
		{goodScope, "scopes_account_kind_location_key"},
		{`UPDATE scopes SET account = ''`, "scopes_account_check"},
		{`UPDATE scopes SET provider = 'AZURE'`, "scopes_provider_check"},
		{`UPDATE scopes SET kind = 'DISK'`, "scopes_kind_check"},
		{`UPDATE scopes SET location = ''`, "scopes_location_check"},
		{`UPDATE scopes SET location = '-'`, "scopes_whole_account_fence_check"},
		{`UPDATE scopes SET kind = 'KIND_UNSPECIFIED'`, "scopes_whole_account_check"},
		{`UPDATE scopes SET kind = 'KIND_UNSPECIFIED', location = '-'`, "scopes_whole_account_fence_check"},
		{`UPDATE scopes SET fence = -1, last_complete_time = NULL`, "scopes_fence_check"},
		{`UPDATE scopes SET fence = 2`, "scopes_attempt_fence_check"},
		{`UPDATE scopes SET single_fence = -1`, "scopes_single_fence_check"},
		{`UPDATE scopes SET claim = 1, claim_fence = 0`, "scopes_claim_fence_check"},
		{`UPDATE scopes SET claim = 1`, "scopes_claim_check"},
		{`UPDATE scopes SET last_complete_time = NULL`, "scopes_last_complete_time_check"},
		{`UPDATE scopes SET last_attempt_time = NULL`, "scopes_last_attempt_time_check"},
		{`UPDATE scopes SET instance_count = -1`, "scopes_instance_count_check"},
		{`INSERT INTO removed_accounts VALUES ('a', 0)`, "removed_accounts_fence_check"},
		{`INSERT INTO removed_accounts VALUES ('a', 1), ('a', 2)`, "removed_accounts_pkey"},
		{goodCount, "instance_counts_pkey"},
		{`UPDATE instance_counts SET facet = 'kind'`, "instance_counts_facet_check"},
		{`UPDATE instance_counts SET count = -1`, "instance_counts_count_check"},
		{goodInstance, "instances_pkey"},
		{`UPDATE instances SET fence = 0`, "instances_fence_check"},
		{`UPDATE instances SET content_hash = '\x00'`, "instances_content_hash_check"},
		{`UPDATE instances SET account = ''`, "instances_account_check"},
		{`UPDATE instances SET provider = ''`, "instances_provider_check"},
		{`UPDATE instances SET kind = 'KIND_UNSPECIFIED'`, "instances_kind_check"},
		{`UPDATE instances SET provider_id = ''`, "instances_provider_id_check"},
		{`UPDATE instances SET state = 'running'`, "instances_state_check"},
		{`UPDATE instances SET state = 'GONE'`, "instances_gone_time_check"},
		{`UPDATE instances SET gone_time = now()`, "instances_gone_time_check"},
		{`UPDATE instances SET labels = '[]'`, "instances_labels_check"},
		{`UPDATE instances SET details = '1'`, "instances_details_check"},
	} {
		_, err := pool.Exec(t.Context(), c.sql)
		if got := kit.Constraint(err); got != c.constraint {
			t.Errorf("%s: %q (%v), want %s", strings.SplitN(c.sql, "\n", 2)[0], got, err, c.constraint)
		}
	}
}

// A reader of the tables finds what each is for.
func TestEveryTableAndColumnHasAComment(t *testing.T) {
	t.Parallel()
	_, pool := open(t)
	const sql = `
		SELECT c.relname || COALESCE('.' || a.attname, '')
		FROM pg_class c
		LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'S') AND c.relname <> 'schema_version'
			AND NOT c.relispartition -- has the columns of its parent
			AND (obj_description(c.oid, 'pg_class') IS NULL OR c.relkind <> 'S' AND col_description(c.oid, a.attnum) IS NULL)`
	rows, err := pool.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	missing, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(missing) > 0 {
		t.Errorf("without a comment: %v (%v)", missing, err)
	}
}
