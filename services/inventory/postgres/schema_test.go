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

// Each rule is a named constraint of a table.
func TestConstraints(t *testing.T) {
	t.Parallel()
	_, pool := open(t)
	exec(t, pool, goodScope)
	exec(t, pool, goodInstance)
	exec(t, pool, goodCount)
	exec(t, pool, `INSERT INTO changes VALUES (1, now(), gen_random_uuid(), 'CREATED', now())`)
	exec(t, pool, `INSERT INTO observation_gaps SELECT uid, now(), now() + interval '1 s', 'THROTTLED' FROM scopes`)
	exec(t, pool, `INSERT INTO absences SELECT scopes.uid, instances.uid FROM scopes, instances`)
	for _, c := range []struct{ sql, constraint string }{
		{goodScope, "scopes_account_kind_location_key"},
		{`UPDATE scopes SET account = ''`, "scopes_account_check"},
		{`UPDATE scopes SET provider = ''`, "scopes_provider_check"},
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
		{`UPDATE scopes SET last_complete_time = NULL, fence = 1, last_error_reason = ''`, "scopes_last_complete_time_check"},
		{`UPDATE scopes SET fence = 0`, "scopes_last_complete_time_check"},
		{`UPDATE scopes SET sync_interval = '0'`, "scopes_sync_interval_check"},
		{`UPDATE scopes SET hold_fence = 1`, "scopes_hold_check"},
		{`UPDATE scopes SET hold_fence = 1, hold_time = now(), hold_missing = 0, hold_of = 1`, "scopes_hold_missing_check"},
		{`UPDATE scopes SET api_budgets = '{}'`, "scopes_api_budgets_check"},
		{`INSERT INTO change_head (one, revision, time, floor_revision, floor_time) VALUES (false, 0, now(), 0, now())`, "change_head_one_check"},
		{`INSERT INTO change_head (revision, time, floor_revision, floor_time) VALUES (0, now(), 0, now())`, "change_head_pkey"},
		{`UPDATE change_head SET floor_revision = revision + 1`, "change_head_revision_check"},
		{`UPDATE change_head SET floor_revision = -1`, "change_head_floor_revision_check"},
		{`UPDATE change_head SET floor_time = time + interval '1 s'`, "change_head_floor_time_check"},
		{`UPDATE changes SET revision = 0`, "changes_revision_check"},
		{`UPDATE changes SET type = 'MOVED'`, "changes_type_check"},
		{`UPDATE changes SET was = '{}'`, "changes_was_check"},
		{`UPDATE changes SET type = 'GONE', was = '{}'`, "changes_was_check"},
		{`UPDATE observation_gaps SET end_time = start_time`, "observation_gaps_end_time_check"},
		{`UPDATE observation_gaps SET reason = ''`, "observation_gaps_reason_check"},
		{`INSERT INTO observation_gaps SELECT * FROM observation_gaps`, "observation_gaps_pkey"},
		{`INSERT INTO absences SELECT * FROM absences`, "absences_pkey"},
		{`INSERT INTO absences VALUES (gen_random_uuid(), gen_random_uuid())`, "absences_scope_fkey"},
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

// Every table and every column has a comment.
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
