package query_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/internal/query"
)

// Errors describe the mistake and its position.
func TestFilterMistakes(t *testing.T) {
	deep := strings.Repeat("(", query.MaxFilterDepth+1)
	for _, test := range []struct{ filter, want string }{
		// Names.
		{`dispaly_name = x`, "column 1: there is no field `dispaly_name`; did you mean `display_name`?"},
		{`paused AND displayNme = x`, "column 12: there is no field `displayNme`; did you mean `displayName`?"},
		{`virtualMachine.spots = true`, "column 1: there is no field `virtualMachine.spots`; did you mean `virtualMachine.spot`?"},
		{`colour = red`, "column 1: there is no field `colour`; there are `name`, `account`, `display_name`, "},
		{`zone = eu`, "column 1: there is no field `zone`; did you mean `location.zone`?"},
		{`lables.a-b = x`, "column 1: there is no field `lables.a-b`; did you mean `labels.…`?"},
		{`location = eu`, "column 1: `location` is a message of fields; it has `location.zone`"},
		{`state.word = x`, "column 1: `state` has no fields, so there is no `state.word`"},
		{`labels. = x`, "column 1: `labels.` is not the name of a field"},
		{`.team = x`, "column 1: `.team` is not the name of a field"},
		{`labels."" = x`, "column 1: `labels.\"\"` is not the name of a field"},

		// Values.
		{`état é state = RUNNIN`, "column 16: `RUNNIN` does not fit: `state` has no such value; did you mean `RUNNING`? It is one of `RUNNING`, `STOPPED`, `GONE`"},
		{`state = (GONE OR x)`, "column 18: `x` does not fit: `state` is one of `RUNNING`, `STOPPED`, `GONE`"},
		{`paused = yes`, "column 10: `yes` does not fit: `paused` is compared with true or false"},
		{`port = many`, "column 8: `many` does not fit: `port` is compared with a whole number of at most 64 bits"},
		{`port = 99999999999999999999`, "column 8: `99999999999999999999` does not fit: `port` is"},
		{`port = 1.5`, "column 8: `1.5` does not fit"},
		{`name = things/1`, "column 8: `things/1` does not fit: `name` is compared with a UUID, such as `things/6ba7b810-9dad-41d1-80b4-00c04fd430c8`"},
		{`create_time > yesterday`, "column 15: `yesterday` does not fit: `create_time` is compared with a timestamp of RFC 3339, such as `2026-01-31T15:04:05Z`"},
		{`create_time > timestamp("2026-01-31")`, "column 25: `2026-01-31` does not fit"},
		{`sync_interval > 20`, "column 17: `20` does not fit: `sync_interval` is compared with a duration, such as `20s` or `1.5h`"},
		{`sync_interval > timestamp(20s)`, "column 27: `20s` does not fit: `sync_interval` is not compared with a timestamp"},
		{`display_name = duration(20s)`, "column 25: `20s` does not fit: `display_name` is not compared with a duration"},
		{`display_name : ""`, "column 16: an empty text is in every value; use `display_name:*` to find where `display_name` has a value"},
		{`""`, "column 1: an empty text is in every value; leave it out"},

		// Comparators.
		{`display_name == x`, "column 14: there is no comparator `==`; use ="},
		{`display_name <> x`, "column 14: there is no comparator `<>`; use !="},
		{`display_name ! x`, "column 14: there is no comparator `!`; use != or NOT"},
		{`labels = x`, "column 8: `=` does not work on `labels`; use `labels.key = \"value\"`, or `labels:key` to find where it has the key"},
		{`private_ips = 10.0.0.1`, "column 13: `=` does not work on `private_ips`; use `private_ips:\"value\"` to find where it has the value"},
		{`state < RUNNING`, "column 7: `<` does not work on `state`; use =, != or `:*`"},
		{`create_time : 2026`, "column 13: `:` does not work on `create_time`; use `create_time:*`"},
		{`location.zone`, "column 1: `location.zone` is a field; compare it with a value, or use `location.zone:*`"},

		// Grammar.
		{`state =`, "column 8: the filter ends where a value after `=` should be"},
		{`state = AND paused`, "column 9: found `AND` where a value after `=` should be"},
		{`state = RUNNING AND`, "column 20: the filter ends where a field or a word should be"},
		{`AND paused`, "column 1: found `AND` where a field or a word should be"},
		{`paused OR OR paused`, "column 11: found `OR` where a field or a word should be"},
		{`paused and web`, "column 8: write `and` in capitals, or in quotes if you mean the word"},
		{`Not paused`, "column 1: write `Not` in capitals"},
		{`(paused`, "column 1: this `(` is never closed"},
		{`paused)`, "column 7: there is no `(` for this `)`"},
		{`()`, "column 2: found `)` where a field or a word should be"},
		{`(paused)(paused)`, "column 9: found `(` where a blank, AND or OR should be"},
		{`"a"b`, "column 4: found `b` where a blank, AND or OR should be"},
		{`display_name = "x`, "column 16: this quote is never closed"},
		{`display_name = "\q"`, "column 17: `\\q` is not a valid escape; write \\\\ for a backslash"},
		{`display_name = "\x00"`, "column 17: `\\x` is not a valid escape"},
		{`display_name = "\`, "column 17: `\\` is not a valid escape"},
		{`state = RUNNING, paused`, "column 16: found `,` where a blank, AND or OR should be"},
		{`regex(display_name)`, "column 1: there is no function `regex`"},
		{`display_name = lower(x)`, "column 16: there is no function `lower`; there are `timestamp` and `duration`"},
		{`create_time = timestamp("a" "b")`, "column 29: found `\"b\"` where `)` after the value of timestamp should be"},
		{`create_time = timestamp()`, "column 25: found `)` where a value in timestamp(…) should be"},
		{"state = \x00", "column 9: a NUL character can't be here"},
		{"a \xff", "column 3: this is not UTF-8 text"},

		// Limits.
		{deep, "column 33: parentheses nest deeper than 32"},
		{strings.Repeat("a ", query.MaxFilterTerms) + "b", "column 513: a filter has at most 256 terms"},
		{`display_name = (` + strings.Repeat("a OR ", query.MaxFilterTerms) + "b)", "a filter has at most 256 terms"},
		{strings.Repeat("é", query.MaxFilterChars+1), "is longer than 8192 characters"},
		{strings.Repeat("é", 100) + " = 1", "`" + strings.Repeat("é", 60) + "…`"},
	} {
		t.Run(test.filter[:min(len(test.filter), 40)], func(t *testing.T) {
			_, err := things.ParseFilter(test.filter)
			checkMistake(t, err, "filter", test.want)
		})
	}
}

// checkMistake checks that an error is about this field and contains this text.
func checkMistake(t *testing.T, err error, field, want string) {
	t.Helper()
	e, ok := errors.AsType[*query.Error](err)
	if !ok || e.Field != field {
		t.Fatalf("got %#v, want an invalid %s", err, field)
	}
	if !strings.Contains(e.Description, want) {
		t.Errorf("\ngot  %s\nwant %s", e.Description, want)
	}
}

// The column is available to programs.
func TestMistakesCarryTheColumn(t *testing.T) {
	_, err := things.ParseFilter("é AND naem = x")
	e, ok := errors.AsType[*query.Error](err)
	if !ok || e.Column != 7 || e.Metadata()["column"] != "7" {
		t.Errorf("got %+v, want column 7", e)
	}
}

// A schema without search fields requires a field.
func TestWordsNeedSearchFields(t *testing.T) {
	schema := query.New(query.Field{Path: "name", Column: "name", Type: query.String})
	_, err := schema.ParseFilter("web-1")
	checkMistake(t, err, "filter", "column 1: `web-1` needs a field to search in, such as `name = …`")
}

func TestOrderMistakes(t *testing.T) {
	const sortable = "`name`, `account`, `display_name`, `location.zone`, `state`, `mode`, `paused`, `virtual_machine.spot`, `port`, "
	for _, test := range []struct{ order, want string }{
		{"stat", "column 1: there is no field `stat`; did you mean `state`? Sortable are " + sortable},
		{"état", "column 1: there is no field `état`"},
		{"state, colour desc", "column 8: there is no field `colour`; sortable are " + sortable},
		{"labels", "column 1: `labels` can't be sorted by; sortable are " + sortable},
		{"state,,name", "column 7: a field should be here, one of " + sortable},
		{"state,", "column 7: a field should be here"},
		{",", "column 1: a field should be here"},
		{"state,  state desc", "column 9: `state` occurs twice"},
		{"displayName, display_name", "column 14: `display_name` occurs twice"},
		{"state down", "column 7: `down` after `state`: there are `desc` and `asc`, and commas between fields"},
		{"state  DESC", "column 8: `DESC` after `state`"},
		{"state desc name", "column 7: `desc name` after `state`: there are"},
		{"state; DROP TABLE x", "column 1: there is no field `state;`; did you mean `state`?"},
		{"state\x00", "column 6: a NUL character can't be here"},
		{strings.Repeat("a", query.MaxOrderChars+1), "is longer than 512 characters"},
	} {
		t.Run(test.order[:min(len(test.order), 40)], func(t *testing.T) {
			_, err := things.ParseOrder(test.order)
			checkMistake(t, err, "order_by", test.want)
		})
	}
}
