package postgres_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres/read"
)

// touchedWorldSQL inserts a small inventory in which every scope has an instance of each sort that
// it can have, even the scopes for a whole account or kind.
const touchedWorldSQL = `
	INSERT INTO scopes (uid, account, provider, kind, location, region)
	SELECT md5(account || kind || location)::uuid, account, provider, kind, location, regexp_replace(location, '-[a-z0-9]*[a-z]$', '') FROM (VALUES
		('aws-1', 'AWS', 'VIRTUAL_MACHINE', 'eu-west-1'), ('aws-1', 'AWS', 'VIRTUAL_MACHINE', 'us-east-1'),
		('aws-1', 'AWS', 'DATABASE', 'eu-west-1'), ('aws-1', 'AWS', 'DATABASE', 'us-east-1'),
		('aws-2', 'AWS', 'VIRTUAL_MACHINE', 'eu-west-1'), ('aws-2', 'AWS', 'DATABASE', '-'),
		('aws-3', 'AWS', 'KIND_UNSPECIFIED', '-'),
		('gcp-x', 'GCP', 'VIRTUAL_MACHINE', 'europe-west1-b'), ('gcp-x', 'GCP', 'VIRTUAL_MACHINE', 'europe-west1-c'),
		('gcp-x', 'GCP', 'VIRTUAL_MACHINE', 'us-central1-ai1a'), ('gcp-x', 'GCP', 'DATABASE', 'europe-west1')
	) AS s (account, provider, kind, location);

	INSERT INTO instances (uid, scope, fence, first_seen_time, change_time, content_hash, account, provider, kind,
		provider_id, provider_uri, display_name, region, zone, state, provider_state, machine_type, private_ips, public_ips, labels, details)
	SELECT gen_random_uuid(), s.uid, 1, now(), now(), decode(md5(''), 'hex'), s.account, s.provider, k.kind,
		gen_random_uuid()::text, '', 'web', p.region, p.zone, state, '', '', '{}', '{}', '{"team": "data"}', details
	FROM scopes s
	JOIN (VALUES ('VIRTUAL_MACHINE', '{"virtualMachine": {"spot": true, "image": "ami-1"}}'::jsonb), ('VIRTUAL_MACHINE', '{}'),
		('DATABASE', '{"database": {"engine": "postgres", "storageGib": 7}}'), ('DATABASE', '{}')) AS k (kind, details)
		ON s.kind IN (k.kind, 'KIND_UNSPECIFIED')
	JOIN (VALUES
		('AWS', 'eu-west-1', 'eu-west-1', 'eu-west-1a'), ('AWS', 'eu-west-1', 'eu-west-1', 'eu-west-1b'), ('AWS', 'eu-west-1', 'eu-west-1', ''),
		('AWS', 'us-east-1', 'us-east-1', 'us-east-1a'), ('AWS', 'us-east-1', 'us-east-1', 'us-east-1-wl1-bos-wlz-1'),
		('GCP', 'europe-west1-b', 'europe-west1', 'europe-west1-b'), ('GCP', 'europe-west1-c', 'europe-west1', 'europe-west1-c'),
		('GCP', 'us-central1-ai1a', 'us-central1', 'us-central1-ai1a'),
		('GCP', 'europe-west1', 'europe-west1', 'europe-west1-b'), ('GCP', 'europe-west1', 'europe-west1', '')
	) AS p (provider, location, region, zone) ON p.provider = s.provider AND s.location IN (p.location, '-')
	CROSS JOIN (VALUES ('RUNNING'), ('STOPPED')) AS w (state)`

// decided and undecided are terms of filters: those that a scope decides by itself, and the
// others.
var (
	decided = []string{
		`account = "accounts/aws-1"`, `account = aws-2`, `account = "aws-*"`, `account != gcp-x`, `account = (aws-1 OR aws-3)`, `account > b`,
		`provider = AWS`, `provider != GCP`, `kind = DATABASE`, `kind != DATABASE`, `kind:VIRTUAL_MACHINE`,
	}
	undecided = []string{
		`location.region = "eu-west-1"`, `location.region = "europe-west1"`, `location.region = "us-central1"`, `location.region != "us-east-1"`,
		`location.region = "eu-*"`, `location.region = ""`, `location.region < "f"`, `location.region:*`,
		`location.zone = "eu-west-1a"`, `location.zone = "europe-west1-b"`, `location.zone = "us-central1-ai1a"`, `location.zone = ""`,
		`location.zone = "us-east-1-wl1-bos-wlz-1"`, `location.zone != "europe-west1-b"`, `location.zone:west`, `location.zone = "*-b"`,
		`virtualMachine.spot = true`, `virtualMachine.spot = false`, `virtualMachine.image = ""`, `virtualMachine.image < "b"`, `virtualMachine.image:*`,
		`database.engine = postgres`, `database.engine != postgres`, `database.storageGib > 1`, `database.engine >= ""`,
		`state = RUNNING`, `labels.team = data`, `labels.team != data`, `web`, `-web`, `name = instances/00000000-0000-0000-0000-000000000001`,
	}
)

func genFilter(of []string, depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		if depth == 0 {
			return rapid.SampledFrom(of).Draw(t, "term")
		}
		kid := func() string { return genFilter(of, rapid.IntRange(0, depth-1).Draw(t, "depth")).Draw(t, "kid") }
		switch rapid.IntRange(0, 2).Draw(t, "node") {
		case 0:
			return "(" + kid() + " AND " + kid() + ")"
		case 1:
			return "(" + kid() + " OR " + kid() + ")"
		}
		return "NOT (" + kid() + ")"
	})
}

// A scope that is not touched can't have a match. If the scope decides the filter by itself, only
// scopes that can have a match are touched, except those without a kind.
func TestTouched(t *testing.T) {
	t.Parallel()
	_, pool := open(t)
	exec(t, pool, touchedWorldSQL)
	check := func(r *rapid.T, filter string, exactly bool) {
		parsed := filterOf(t, filter)
		where, args := read.TouchedSQL(parsed)
		touched := column(r, pool, `SELECT account || ' ' || kind || ' ' || location FROM scopes WHERE `+where+` ORDER BY 1`, args)
		var matchArgs query.Args
		where = postgres.WhereInstances(parsed, true, &matchArgs)
		match := column(r, pool, `SELECT account || ' ' || kind || ' ' || location FROM scopes s
			WHERE uid IN (SELECT scope FROM instances WHERE `+where+`) ORDER BY 1`, matchArgs)
		for _, scope := range match {
			if !slices.Contains(touched, scope) {
				r.Fatalf("%s\nmatches in %s, but touches only\n%s", filter, scope, strings.Join(touched, "\n"))
			}
		}
		open := func(scope string) bool { return strings.Contains(scope, "KIND_UNSPECIFIED") }
		if exactly && !slices.Equal(slices.DeleteFunc(touched, open), slices.DeleteFunc(match, open)) {
			r.Fatalf("%s\ntouches %q\nmatches in %q", filter, touched, match)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		check(r, genFilter(slices.Concat(decided, undecided), 4).Draw(r, "filter"), false)
		check(r, genFilter(decided, 4).Draw(r, "decided filter"), true)
	})
}

func column(t *rapid.T, pool *pgxpool.Pool, sql string, args []any) []string {
	rows, err := pool.Query(context.Background(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return values
}

// Conditions on locations and on details limit the scopes too.
func TestTouched_Locations(t *testing.T) {
	t.Parallel()
	_, pool := open(t)
	exec(t, pool, touchedWorldSQL)
	for filter, want := range map[string]int{
		`account = gcp-x AND location.zone = "europe-west1-b"`:                                         2, // its machines, and the databases of the region
		`account = gcp-x AND kind = VIRTUAL_MACHINE AND location.zone = "europe-west1-b"`:              1,
		`account = gcp-x AND kind = VIRTUAL_MACHINE AND location.region = "europe-west1"`:              2,
		`location.region = "us-central1" AND provider = GCP`:                                           1,
		`account = aws-1 AND location.zone = "eu-west-1a"`:                                             2,
		`account = aws-1 AND virtualMachine.spot = true`:                                               2,
		`account = aws-1 AND database.engine = postgres AND location.region = "eu-west-1"`:             1,
		`(account = aws-1 AND location.region = "eu-west-1") OR (account = gcp-x AND kind = DATABASE)`: 3,
		`account = aws-3 AND location.region = "eu-west-1"`:                                            1,
	} {
		where, args := read.TouchedSQL(filterOf(t, filter))
		var got int
		if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM scopes WHERE `+where, args...).Scan(&got); err != nil || got != want {
			t.Errorf("%s touches %d scopes, want %d: %v", filter, got, want, err)
		}
	}
}
