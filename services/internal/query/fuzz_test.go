package query_test

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rollcall-dev/rollcall/services/internal/query"
)

// sqlTokens are all parts that SQL made of things may have besides placeholders. No text of a
// request is among them.
var sqlTokens = regexp.MustCompile(`^(AND|OR|NOT|TRUE|FALSE|IS|NULL|DISTINCT|FROM|ILIKE|LIKE|EXISTS|SELECT|WHERE|AS|item|unnest|` +
	`jsonb_object_keys|ARRAY|COALESCE|EXTRACT|EPOCH|DESC|boolean|uuid|bigint|timestamptz|interval|text|jsonb|numeric|` +
	`uid|account|display_name|zone|state|mode|paused|details|port|storage_gib|create_time|gone_time|sync_interval|grace|` +
	`labels|marks|COLLATE|"C"|private_ips|public_ips|'spot'|''|'\{\}'|'-infinity'|-9223372036854775808|-1e18|\$[0-9]+|` +
	`::|->>|->|@>|<=|>=|<>|[=<>?(),\[\]])$`)

var sqlSplit = regexp.MustCompile(`'[^']*'|"[^"]*"|\$?[A-Za-z0-9_]+|-[0-9][0-9e]*|::|->>|->|@>|<=|>=|<>|[^\s]`)

// checkSQL checks that SQL has only these parts, with these placeholders and a size in proportion
// to the terms.
func checkSQL(t *testing.T, sql string, args int) {
	t.Helper()
	for _, token := range sqlSplit.FindAllString(sql, -1) {
		if !sqlTokens.MatchString(token) {
			t.Errorf("%q in %s", token, sql)
		}
		if number, ok := strings.CutPrefix(token, "$"); ok {
			if n, err := strconv.Atoi(number); err != nil || n < 1 || n > args {
				t.Errorf("%s of %d in %s", token, args, sql)
			}
		}
	}
	if len(sql) > 200*(query.MaxFilterTerms+1) {
		t.Errorf("%d bytes of SQL", len(sql))
	}
}

// checkError checks that an error is about this field and can be sent.
func checkError(t *testing.T, err error, field string) {
	t.Helper()
	e, ok := errors.AsType[*query.Error](err)
	if !ok || e.Field != field {
		t.Fatalf("got %#v, want an invalid %s", err, field)
	}
	if text := e.Error(); !utf8.ValidString(text) || len(text) > 2000 {
		t.Errorf("a message of %d bytes: %q", len(text), text)
	}
}

func FuzzFilter(f *testing.F) {
	for _, text := range []string{
		`state = RUNNING AND labels.team = "data" AND location.zone = eu-west-1a AND displayName : "web"`,
		`web-1 -paused OR NOT (virtualMachine.spot marks:"a*")`,
		`create_time > timestamp("2026-01-31T15:04:05Z") sync_interval < duration(20s) port = (-1 OR 0x1F)`,
		`labels."a \"b\\".c != "\u00e9" private_ips:10.0.0.1 name = things/` + uid,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := things.ParseFilter(text)
		if err != nil {
			checkError(t, err, "filter")
			return
		}
		var args query.Args
		sql := filter.Where(&args)
		checkSQL(t, sql, len(args))
		for _, arg := range args {
			if s, ok := arg.(string); ok && (!utf8.ValidString(s) || strings.ContainsRune(s, 0)) {
				t.Errorf("%q is no text of Postgres", s)
			}
		}
		var implied query.Args
		sql = filter.Implied(&implied, counterpartOfThings)
		checkSQL(t, sql, len(implied))
	})
}

func FuzzOrder(f *testing.F) {
	f.Add("display_name, create_time desc", "web", "2026-01-31 15:04:05+00", uid)
	f.Add("paused asc,port desc,grace", "true", "-5", "1.5")
	f.Add("", uid, "", "")
	f.Fuzz(func(t *testing.T, text, a, b, c string) {
		order, err := things.ParseOrder(text)
		if err != nil {
			checkError(t, err, "order_by")
			return
		}
		checkSQL(t, order.OrderBy(), 0)
		columns := order.CursorColumns()
		for _, column := range columns {
			checkSQL(t, column, 0)
		}
		var args query.Args
		cursor := []string{a, b, c}
		for len(cursor) < len(columns) {
			cursor = append(cursor, uid)
		}
		after, err := order.After(&args, cursor[:len(columns)])
		if err != nil {
			checkError(t, err, "page_token")
			return
		}
		checkSQL(t, after, len(args))
	})
}

func FuzzToken(f *testing.F) {
	f.Add(query.EncodeToken("f", []string{"web", uid}), "f")
	f.Add(query.EncodeToken("f", nil), "g")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, token, fingerprint string) {
		var cursor []string
		if err := query.DecodeToken(token, fingerprint, &cursor); err != nil {
			checkError(t, err, "page_token")
			return
		}
		if token == "" {
			return
		}
		var again []string
		if err := query.DecodeToken(query.EncodeToken(fingerprint, cursor), fingerprint, &again); err != nil || !slices.Equal(cursor, again) {
			t.Errorf("%q became %q, %v", cursor, again, err)
		}
	})
}
