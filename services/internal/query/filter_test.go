package query_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/query"
)

const uid = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"

// TestWhere compares the SQL and the arguments of filters.
func TestWhere(t *testing.T) {
	moment := time.Date(2026, 1, 31, 15, 4, 5, 0, time.UTC)
	for _, test := range []struct {
		filter string
		want   string
		args   query.Args
	}{
		{"", "TRUE", nil},
		{" \t\n", "TRUE", nil},
		{`*`, "TRUE", nil},
		{`NOT *`, "FALSE", nil},

		// Text.
		{`display_name = web`, "display_name = $1", query.Args{"web"}},
		{`displayName="web"`, "display_name = $1", query.Args{"web"}},
		{`"display_name" = 'web'`, "display_name = $1", query.Args{"web"}},
		{`display_name != web`, "display_name <> $1", query.Args{"web"}},
		{`NOT display_name < "é\u00e9\x41\"\\\n"`, "NOT (display_name < $1)", query.Args{"ééA\"\\\n"}},
		{`location.zone = eu-west-1a`, "zone = $1", query.Args{"eu-west-1a"}},
		{`location.zone != eu-west-1a`, "zone IS DISTINCT FROM $1", query.Args{"eu-west-1a"}},
		{`NOT location.zone : "a"`, "(zone ILIKE $1) IS NOT TRUE", query.Args{"%a%"}},
		{`location.zone >= b`, "COALESCE(zone, '') >= $1", query.Args{"b"}},
		{`location.zone = ""`, "COALESCE(zone, '') = ''", nil},
		{`location.zone != ""`, "zone <> ''", nil},
		{`location.zone:*`, "zone <> ''", nil},
		{`-location.zone:*`, "COALESCE(zone, '') = ''", nil},
		{`display_name = "*"`, "display_name <> ''", nil},
		{`account = accounts/aws-1`, "account = $1", query.Args{"aws-1"}},
		{`account = aws-1`, "account = $1", query.Args{"aws-1"}},
		{`account : "accounts/aws"`, "account ILIKE $1", query.Args{"%aws%"}},
		{`account = "accounts/aws*"`, "account LIKE $1", query.Args{"aws%"}},

		// Wildcards, and what LIKE would take for one.
		{`display_name : "50%_\\"`, "display_name ILIKE $1", query.Args{`%50\%\_\\%`}},
		{`display_name = web*`, "display_name LIKE $1", query.Args{"web%"}},
		{`display_name = "*web"`, "display_name LIKE $1", query.Args{"%web"}},
		{`display_name != *web*`, "NOT (display_name LIKE $1)", query.Args{"%web%"}},
		{`display_name = "\*web\*"`, "display_name = $1", query.Args{"*web*"}},
		{`display_name = "w*b"`, "display_name = $1", query.Args{"w*b"}},
		{`display_name : "web*"`, "display_name ILIKE $1", query.Args{"web%"}},

		// The other types.
		{`name = "things/` + uid + `"`, "uid = $1::uuid", query.Args{uid}},
		{`name != ` + strings.ToUpper(uid), "uid <> $1::uuid", query.Args{uid}},
		{`state = RUNNING`, "state = $1", query.Args{"RUNNING"}},
		{`state : "RUNNING"`, "state = $1", query.Args{"RUNNING"}},
		{`mode != FAST`, "mode IS DISTINCT FROM $1", query.Args{"FAST"}},
		{`mode:*`, "mode IS NOT NULL", nil},
		{`NOT mode:*`, "mode IS NULL", nil},
		{`state:*`, "TRUE", nil},
		{`paused`, "paused IS TRUE", nil},
		{`-paused`, "paused IS NOT TRUE", nil},
		{`paused = false`, "paused IS FALSE", nil},
		{`virtual_machine.spot`, "((details ->> 'spot')::boolean) IS TRUE", nil},
		{`virtualMachine.spot != "false"`, "((details ->> 'spot')::boolean) IS NOT FALSE", nil},
		{`port >= -5`, "port >= $1::bigint", query.Args{int64(-5)}},
		{`port = 0x1F`, "port = $1::bigint", query.Args{int64(31)}},
		{`port = 010`, "port = $1::bigint", query.Args{int64(10)}},
		{`port = (-5 OR 5)`, "(port = $1::bigint OR port = $2::bigint)", query.Args{int64(-5), int64(5)}},
		{`NOT storage_gib > 5`, "(storage_gib > $1::bigint) IS NOT TRUE", query.Args{int64(5)}},
		{`createTime < 2026-01-31T15:04:05Z`, "create_time < $1::timestamptz", query.Args{moment}},
		{`createTime < "2026-01-31T15:04:05Z"`, "create_time < $1::timestamptz", query.Args{moment}},
		{`create_time < timestamp( "2026-01-31T15:04:05Z" )`, "create_time < $1::timestamptz", query.Args{moment}},
		{`gone_time:*`, "gone_time IS NOT NULL", nil},
		{`sync_interval >= 1.5h`, "sync_interval >= $1::interval", query.Args{90 * time.Minute}},
		{`sync_interval >= duration("20s")`, "sync_interval >= $1::interval", query.Args{20 * time.Second}},

		// Maps and lists.
		{`labels.team = "x"`, "labels @> $1::jsonb", query.Args{`{"team":"x"}`}},
		{`labels.Team != x`, "NOT (labels @> $1::jsonb)", query.Args{`{"Team":"x"}`}},
		{`marks.team != x`, "(marks @> $1::jsonb) IS NOT TRUE", query.Args{`{"team":"x"}`}},
		{`labels."kubernetes.io/name" = x`, "labels @> $1::jsonb", query.Args{`{"kubernetes.io/name":"x"}`}},
		{`labels.kubernetes.io/name = x`, "labels @> $1::jsonb", query.Args{`{"kubernetes.io/name":"x"}`}},
		{`labels.cost-center = x`, "labels @> $1::jsonb", query.Args{`{"cost-center":"x"}`}},
		{`labels.AND = x`, "labels @> $1::jsonb", query.Args{`{"AND":"x"}`}},
		{`labels.1 = x`, "labels @> $1::jsonb", query.Args{`{"1":"x"}`}},
		{`labels."a\"b" = "\"'\\"`, "labels @> $1::jsonb", query.Args{`{"a\"b":"\"'\\"}`}},
		{`labels:team`, "labels ? $1", query.Args{"team"}},
		{`labels:"kube*"`, "EXISTS (SELECT FROM jsonb_object_keys(labels) AS item WHERE item COLLATE \"C\" LIKE $1)", query.Args{"kube%"}},
		{`labels.team:*`, "labels ? $1", query.Args{"team"}},
		{`-marks:team`, "(marks ? $1) IS NOT TRUE", query.Args{"team"}},
		{`labels:*`, "labels <> '{}'", nil},
		{`labels.team : da`, "((labels ->> $1::text) COLLATE \"C\") ILIKE $2", query.Args{"team", "%da%"}},
		{`labels.team = "da*"`, "((labels ->> $1::text) COLLATE \"C\") LIKE $2", query.Args{"team", "da%"}},
		{`labels.team > da`, "((labels ->> $1::text) COLLATE \"C\") > $2", query.Args{"team", "da"}},
		{`private_ips:"10.0.0.1"`, "private_ips @> ARRAY[$1::text]", query.Args{"10.0.0.1"}},
		{`privateIps:fe80::1`, "private_ips @> ARRAY[$1::text]", query.Args{"fe80::1"}},
		{`NOT public_ips:10.0.0.1`, "(public_ips @> ARRAY[$1::text]) IS NOT TRUE", query.Args{"10.0.0.1"}},
		{`private_ips:"10.*"`, "EXISTS (SELECT FROM unnest(private_ips) AS item WHERE item COLLATE \"C\" LIKE $1)", query.Args{"10.%"}},
		{`private_ips:*`, "private_ips <> '{}'", nil},

		// Together.
		{`paused AND state = GONE`, "(paused IS TRUE AND state = $1)", query.Args{"GONE"}},
		{`paused state = GONE`, "(paused IS TRUE AND state = $1)", query.Args{"GONE"}},
		{
			`state = GONE AND mode = FAST OR mode = SLOW`, "(state = $1 AND (mode = $2 OR mode = $3))",
			query.Args{"GONE", "FAST", "SLOW"},
		},
		{`NOT (paused OR state = GONE)`, "(paused IS NOT TRUE AND state <> $1)", query.Args{"GONE"}},
		{`NOT (NOT paused)`, "paused IS TRUE", nil},
		{`state = (GONE OR STOPPED)`, "(state = $1 OR state = $2)", query.Args{"GONE", "STOPPED"}},
		{`state != (GONE OR STOPPED)`, "(state <> $1 AND state <> $2)", query.Args{"GONE", "STOPPED"}},
		{`state = (NOT GONE)`, "state <> $1", query.Args{"GONE"}},

		// Words.
		{`web-1`, anywhere, query.Args{"%web-1%"}},
		{`"a b"`, anywhere, query.Args{"%a b%"}},
		{`10.0.0.`, anywhere, query.Args{"%10.0.0.%"}},
		{`state`, anywhere, query.Args{"%state%"}},
		{`"paused"`, anywhere, query.Args{"%paused%"}},
		{`web*`, anywhere, query.Args{"web%"}},
		{`-web`, "(" + anywhere + ") IS NOT TRUE", query.Args{"%web%"}},
		{`web-1 paused`, "(" + anywhere + " AND paused IS TRUE)", query.Args{"%web-1%"}},
	} {
		t.Run(test.filter, func(t *testing.T) {
			filter, err := things.ParseFilter(test.filter)
			if err != nil {
				t.Fatal(err)
			}
			var args query.Args
			if got := filter.Where(&args); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if !reflect.DeepEqual(args, test.args) {
				t.Errorf("got args %#v, want %#v", args, test.args)
			}
		})
	}
}

const anywhere = "(display_name ILIKE $1 OR zone ILIKE $1 OR EXISTS (SELECT FROM unnest(private_ips) AS item WHERE item COLLATE \"C\" ILIKE $1))"

// Parameters are numbered after the existing ones.
func TestWhereAfterOtherArgs(t *testing.T) {
	filter, err := things.ParseFilter("display_name = a AND display_name = b")
	if err != nil {
		t.Fatal(err)
	}
	args := query.Args{"first"}
	if got := filter.Where(&args); got != "(display_name = $2 AND display_name = $3)" {
		t.Error(got)
	}
	if fmt.Sprint(args) != "[first a b]" {
		t.Error(args)
	}
	var none *query.Filter
	if got := none.Where(&args); got != "TRUE" {
		t.Errorf("the nil filter is %s", got)
	}
}

// counterpartOfThings returns columns of another table, without a meaning.
func counterpartOfThings(path string) query.Counterpart {
	switch path {
	case "account":
		return query.Counterpart{Column: "uid"}
	case "state":
		return query.Counterpart{Column: "display_name", Unless: "paused"}
	case "location.zone":
		return query.Counterpart{MayBe: func(args *query.Args, value string) string { return args.Add(value) + "::text <> zone" }}
	case "mode", "virtual_machine.spot", "gone_time":
		return query.Counterpart{MayHave: "storage_gib IS NULL"}
	}
	return query.Counterpart{}
}

func TestImplied(t *testing.T) {
	for _, test := range []struct{ filter, want string }{
		{``, "TRUE []"},
		{`account = accounts/a`, `uid = $1 ["a"]`},
		{`account = a AND paused`, `(uid = $1) ["a"]`},
		{`(account = a OR account = b) paused`, `((uid = $1 OR uid = $2)) ["a" "b"]`},
		{`account = a OR paused`, "TRUE []"},
		{`(account = a OR paused) AND account = b`, `(uid = $1) ["b"]`},
		{`(account = a AND paused) OR (account = b AND state = GONE)`,
			`((uid = $1) OR (uid = $2 AND (display_name = $3 OR paused))) ["a" "b" "GONE"]`},
		{`NOT (account != a OR paused)`, `(uid = $1) ["a"]`},
		{`account != a`, `uid <> $1 ["a"]`},
		{`NOT state = GONE`, `(display_name <> $1 OR paused) ["GONE"]`},
		{`account = "a*"`, `uid LIKE $1 ["a%"]`},
		{`state:*`, "TRUE []"},
		{`location.zone = "eu-1a"`, `$1::text <> zone ["eu-1a"]`},
		{`location.zone = ""`, "TRUE []"},
		{`location.zone != "eu-1a"`, "TRUE []"},
		{`location.zone = "eu-*"`, "TRUE []"},
		{`mode = FAST`, "storage_gib IS NULL []"},
		{`mode != FAST`, "TRUE []"},
		{`NOT gone_time:*`, "TRUE []"},
		{`gone_time < 2026-01-31T15:04:05Z`, "storage_gib IS NULL []"},
		{`virtual_machine.spot`, "storage_gib IS NULL []"},
		{`-virtual_machine.spot`, "TRUE []"},
		{`labels.account = a`, "TRUE []"},
		{`web`, "TRUE []"},
		{`-web account = a`, `(uid = $1) ["a"]`},
		{`NOT *`, "FALSE []"},
		{`*`, "TRUE []"},
	} {
		t.Run(test.filter, func(t *testing.T) {
			filter, err := things.ParseFilter(test.filter)
			if err != nil {
				t.Fatal(err)
			}
			var args query.Args
			where := filter.Implied(&args, counterpartOfThings)
			if got := fmt.Sprintf("%s %q", where, []any(args)); got != test.want {
				t.Errorf("implies %s, want %s", got, test.want)
			}
		})
	}
	var none *query.Filter
	if got := none.Implied(&query.Args{}, counterpartOfThings); got != "TRUE" {
		t.Errorf("the nil filter implies %s", got)
	}
}

// The same filter gives the same SQL again, and in several goroutines.
func TestFiltersAreReadOnly(t *testing.T) {
	filter, err := things.ParseFilter("account = (a OR b) AND account = b web")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan string)
	for range 4 {
		go func() {
			var args query.Args
			done <- fmt.Sprint(filter.Where(&args), filter.Implied(&args, counterpartOfThings), args)
		}()
	}
	first := <-done
	for range 3 {
		if next := <-done; next != first {
			t.Errorf("%s and %s", first, next)
		}
	}
}

// New panics for a schema that is not valid.
func TestNewPanics(t *testing.T) {
	good := query.Field{Path: "name", Column: "name", Type: query.String}
	for name, fields := range map[string][]query.Field{
		"no type":       {{Path: "a", Column: "a"}},
		"no path":       {{Column: "a", Type: query.String}},
		"empty enum":    {{Path: "a", Column: "a", Type: query.Enum()}},
		"twice":         {good, good},
		"two spellings": {{Path: "a_b", Column: "a", Type: query.String}, {Path: "aB", Column: "b", Type: query.String}},
		"two keys":      {{Path: "a", Column: "a", Type: query.Int, Key: true}, {Path: "b", Column: "b", Type: query.Int, Key: true}},
		"key nullable":  {{Path: "a", Column: "a", Type: query.Int, Key: true, Nullable: true}},
		"sortable map":  {{Path: "a", Column: "a", Type: query.StringMap, Sortable: true}},
		"search int":    {{Path: "a", Column: "a", Type: query.Int, Search: true}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			query.New(fields...)
		})
	}
}

func TestOn(t *testing.T) {
	schema := query.New(query.Field{Path: "name", Type: query.UUID, Key: true},
		query.Field{Path: "state", Type: query.String, Sortable: true, Search: true})
	filter, err := schema.ParseFilter(`state = up AND NOT (down)`)
	if err != nil {
		t.Fatal(err)
	}
	order, err := schema.ParseOrder("state desc")
	if err != nil {
		t.Fatal(err)
	}
	columns := func(f *query.Field) string { return []string{"uid", "state_column"}[f.Index()] }
	var args query.Args
	want := `(state_column = $1 AND NOT ((state_column ILIKE $2)))`
	if got := filter.On(columns).Where(&args); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := order.On(columns).OrderBy(); got != "state_column DESC, uid DESC" {
		t.Errorf("got %s", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("a filter without columns became SQL")
		}
	}()
	filter.Where(&args)
}

// A map may be inside a message.
func TestMapsInMessages(t *testing.T) {
	schema := query.New(query.Field{Path: "node_pool.tags", Column: "tags", Type: query.StringMap})
	filter, err := schema.ParseFilter(`nodePool.tags.a.b = c`)
	if err != nil {
		t.Fatal(err)
	}
	var args query.Args
	if got := filter.Where(&args); got != "tags @> $1::jsonb" || args[0] != `{"a.b":"c"}` {
		t.Errorf("got %s %v", got, args)
	}
}
