package query_test

import (
	"fmt"
	"testing"

	"github.com/rollcall-dev/rollcall/services/internal/query"
)

// TestOrder compares the SQL of orders and of the condition after a row.
func TestOrder(t *testing.T) {
	const moment = "2026-01-31 15:04:05.000001+00"
	for _, test := range []struct {
		order   string
		orderBy string
		cursor  []string
		after   string
	}{
		{"", "uid", []string{uid}, "((uid) > ($1::uuid))"},
		{" name desc ", "uid DESC", []string{uid}, "((uid) < ($1::uuid))"},
		{"displayName", "display_name, uid", []string{"web", uid}, "((display_name, uid) > ($1::text, $2::uuid))"},
		{"state asc", "state, uid", []string{"GONE", uid}, "((state, uid) > ($1::text, $2::uuid))"},
		{
			"create_time desc", "create_time DESC, uid DESC", []string{moment, uid},
			"((create_time, uid) < ($1::timestamptz, $2::uuid))",
		},
		{
			"port,paused", "port, paused, uid", []string{"-5", "true", uid},
			"((port, paused, uid) > ($1::bigint, $2::boolean, $3::uuid))",
		},
		{"name, state", "uid", []string{uid}, "((uid) > ($1::uuid))"},
		{"state, name", "state, uid", []string{"GONE", uid}, "((state, uid) > ($1::text, $2::uuid))"},
		{
			"state desc, port", "state DESC, port, uid", []string{"GONE", "1", uid},
			"(state <= $1::text AND (state < $1::text OR (state = $1::text AND " +
				"(port > $2::bigint OR (port = $2::bigint AND uid > $3::uuid)))))",
		},
		{
			"gone_time desc", "COALESCE(gone_time, '-infinity') DESC, uid DESC", []string{"-infinity", uid},
			"((COALESCE(gone_time, '-infinity'), uid) < ($1::timestamptz, $2::uuid))",
		},
		{
			"location.zone", "COALESCE(zone, ''), uid", []string{"", uid},
			"((COALESCE(zone, ''), uid) > ($1::text, $2::uuid))",
		},
		{
			"grace", "COALESCE(EXTRACT(EPOCH FROM grace), -1e18), uid", []string{"-1.200000", uid},
			"((COALESCE(EXTRACT(EPOCH FROM grace), -1e18), uid) > ($1::numeric, $2::uuid))",
		},
	} {
		t.Run(test.order, func(t *testing.T) {
			order, err := things.ParseOrder(test.order)
			if err != nil {
				t.Fatal(err)
			}
			if got := order.OrderBy(); got != test.orderBy {
				t.Errorf("got  ORDER BY %s\nwant ORDER BY %s", got, test.orderBy)
			}
			var args query.Args
			after, err := order.After(&args, test.cursor)
			if err != nil {
				t.Fatal(err)
			}
			if after != test.after {
				t.Errorf("got  %s\nwant %s", after, test.after)
			}
			if fmt.Sprint(args) != fmt.Sprint(test.cursor) {
				t.Errorf("got args %v, want %v", args, test.cursor)
			}
			if len(order.CursorColumns()) != len(test.cursor) {
				t.Errorf("got cursor columns %q", order.CursorColumns())
			}
		})
	}
}

func TestFirstPage(t *testing.T) {
	order, err := things.ParseOrder("state")
	if err != nil {
		t.Fatal(err)
	}
	var args query.Args
	if after, err := order.After(&args, nil); after != "TRUE" || err != nil || len(args) != 0 {
		t.Errorf("got %s %v %v", after, args, err)
	}
	if got := fmt.Sprintf("%q", order.CursorColumns()); got != `["(state)::text" "(uid)::text"]` {
		t.Error(got)
	}
}

// A cursor that makes Postgres fail is refused.
func TestForgedCursors(t *testing.T) {
	for order, values := range map[string][]string{
		"display_name": {"\x00", "\xff"},
		"port":         {"", "x", "1.5", "9223372036854775808", "0x10"},
		"paused":       {"", "t", "TRUE"},
		"grace":        {"", "x", "NaN", "1e5", "1.", "Infinity"},
		"create_time": {
			"", "now", "2026-02-30 00:00:00+00", "0000-01-01 00:00:00+00", "2026-01-01 00:00:00", "2026-01-01 00:00:00,5+00",
			"2026-01-01 00:00:00+16", "2026-01-01 00:00:00-23:59", "2026-01-01T00:00:00Z",
		},
	} {
		o, err := things.ParseOrder(order)
		if err != nil {
			t.Fatal(err)
		}
		for _, value := range values {
			t.Run(order+" "+value, func(t *testing.T) {
				var args query.Args
				_, err := o.After(&args, []string{value, uid})
				checkMistake(t, err, "page_token", "is damaged; start again without it")
			})
		}
		for _, cursor := range [][]string{{"a"}, {"a", "b", "c"}, {"1", "urn:uuid:" + uid}, {"1", "{" + uid + "}"}} {
			var args query.Args
			_, err := o.After(&args, cursor)
			checkMistake(t, err, "page_token", "is damaged")
		}
	}
}

// Without a key there is no order for pages.
func TestOrderNeedsAKey(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	_, _ = query.New(query.Field{Path: "a", Column: "a", Type: query.Int}).ParseOrder("")
}
