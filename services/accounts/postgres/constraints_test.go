package postgres_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// insert returns an INSERT with valid columns, except those in changes.
func insert(table string, right map[string]string, changes ...string) string {
	row := maps.Clone(right)
	for i := 0; i < len(changes); i += 2 {
		row[changes[i]] = changes[i+1]
	}
	columns := slices.Sorted(maps.Keys(row))
	values := make([]string, len(columns))
	for i, column := range columns {
		values[i] = row[column]
	}
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table, strings.Join(columns, ", "), strings.Join(values, ", "))
}

var (
	rightAccount = map[string]string{
		"id": "'x'", "provider": "'AWS'", "cloud_id": "'100000000009'", "display_name": "'x'", "credentials_method": "'AWS_DEFAULT'",
	}
	rightConnection = map[string]string{
		"account_id": "'b'", "outcome": "'FAILED'", "reason": "'THROTTLED'", "last_sync_time": "now()", "fencing_token": "1",
	}
	rightSecret = map[string]string{"account_id": "'b'", "key_id": "'k'", "ciphertext": "'c'"}
)

// TestConstraints writes invalid rows, which the database refuses.
func TestConstraints(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t, at(-1)).Pool(t)
	account := func(changes ...string) string { return insert("accounts", rightAccount, changes...) }
	connection := func(changes ...string) string { return insert("connections", rightConnection, changes...) }
	secret := func(changes ...string) string { return insert("secrets", rightSecret, changes...) }
	chained := func(changes ...string) string {
		return account(append([]string{"credentials_method", "'AWS_ASSUME_ROLE'", "source_account_id", "'b'"}, changes...)...)
	}
	exec(t, pool,
		account("id", "'a'", "cloud_id", "'100000000001'"),
		account("id", "'b'", "cloud_id", "'100000000002'"),
		chained("id", "'chained'", "cloud_id", "'100000000003'"),
		connection("account_id", "'a'"), secret("account_id", "'a'"))
	for _, c := range []struct{ constraint, sql string }{
		{"accounts_pkey", account("id", "'a'")},
		{"accounts_provider_cloud_id_key", account("cloud_id", "'100000000001'")},
		{"accounts_id_check", account("id", "'A'")},
		{"accounts_id_check", account("id", "'a-'")},
		{"accounts_id_check", account("id", "repeat('a', 64)")},
		{"accounts_provider_check", account("provider", "'AWS_ASSUME'", "credentials_method", "'AWS_ASSUME_ROLE'")},
		{"accounts_cloud_id_check", account("provider", "'GCP'", "cloud_id", "''")},
		{"accounts_aws_cloud_id_check", account("cloud_id", "'12345678901'")},
		{"accounts_display_name_check", account("display_name", "''")},
		{"accounts_labels_check", account("labels", "'[]'")},
		{"accounts_sync_interval_check", account("sync_interval", "interval '0'")},
		{"accounts_credentials_method_check", account("credentials_method", "'AWS_'")},
		{"accounts_credentials_provider_check", account("provider", "'GCP'")},
		{"accounts_credentials_check", account("credentials", `'"text"'`)},
		{"accounts_update_time_check", account("update_time", "now() - interval '1 s'")},
		{"connections_pkey", connection("account_id", "'a'")},
		{"connections_account_id_fkey", connection("account_id", "'nobody'")},
		{"connections_outcome_check", connection("outcome", "'SYNCING'", "reason", "NULL")},
		{"connections_reason_check", connection("reason", "'BAD_LUCK'")},
		{"connections_failure_check", connection("reason", "NULL")},
		{"connections_failure_check", connection("outcome", "'CONNECTED'", "last_success_time", "now()")},
		{"connections_last_sync_time_check", connection("last_sync_time", "NULL")},
		{"connections_last_sync_time_check", connection("outcome", "'UNKNOWN'", "reason", "NULL")},
		{"connections_last_success_time_check", connection("last_success_time", "now() + interval '1 s'")},
		{"connections_last_success_time_check", connection("outcome", "'CONNECTED'", "reason", "NULL")},
		{"connections_fencing_token_check", connection("fencing_token", "-1")},
		{"accounts_gcp_cloud_id_check", account("provider", "'GCP'", "credentials_method", "'GCP_IMPERSONATION'", "cloud_id", "'123456789'")},
		{"accounts_source_account_id_fkey", chained("source_account_id", "'nobody'")},
		{"accounts_source_account_id_fkey", "DELETE FROM accounts WHERE id = 'b'"},
		{"accounts_source_account_id_check", chained("source_account_id", "'x'")},
		{"accounts_source_account_id_check", chained("credentials_method", "'AWS_ACCESS_KEY'")},
		{"secrets_pkey", secret("account_id", "'a'")},
		{"secrets_account_id_fkey", secret("account_id", "'nobody'")},
		{"secrets_key_id_check", secret("key_id", "''")},
		{"secrets_ciphertext_check", secret("ciphertext", "''")},
		{"secrets_fetch_count_check", secret("fetch_count", "-1", "last_fetch_time", "now()")},
		{"secrets_last_fetch_time_check", secret("fetch_count", "1")},
	} {
		_, err := pool.Exec(t.Context(), c.sql)
		if got := postgres.Constraint(err); got != c.constraint {
			t.Errorf("%s\n\tviolates %q (%v), want %q", c.sql, got, err, c.constraint)
		}
	}
	exec(t, pool, account(), connection(), secret())
}
