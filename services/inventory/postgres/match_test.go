package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/inventorytest"
)

// askedField is a field of instances as a filter names it, with its type.
type askedField struct {
	path string
	kind inventory.Type
	key  bool
}

// askedFields are all fields that a filter may name, in both spellings, and some labels.
func askedFields() []askedField {
	asked := []askedField{{path: "labels.team"}, {path: `labels."é"`}}
	for _, f := range inventory.Fields() {
		if f.Unlogged { // not in a watch
			continue
		}
		for _, path := range []string{f.Path, f.JSONPath} {
			asked = append(asked, askedField{path: path, kind: f.Type, key: f.Key})
		}
	}
	return asked
}

var askedTexts = []string{"", "web", "Web-É", "é", "x%_", "aws-1", "postgres", "ami-1", "eu-west-1", "10.0.0.1", `a"b`, "running"}

// variedInstance draws an instance of few values.
func variedInstance(r *rapid.T, n int) inventory.Instance {
	values := inventorytest.Values{
		Text:   rapid.SampledFrom(askedTexts),
		Time:   rapid.SampledFrom([]time.Time{{}, at(0), at(1).Add(time.Microsecond)}),
		Number: rapid.Int64Range(0, 2),
		Key:    rapid.SampledFrom([]string{"team", "é", "x-y"}),
	}
	var details []inventory.Section
	if section := rapid.IntRange(0, 2).Draw(r, "details"); section > 0 {
		details = inventory.DetailSections()[section-1 : section]
	}
	i := values.Instance(r, details...)
	i.ProviderID = fmt.Sprint("i-", n)
	return i
}

// askedFilter draws one comparison, perhaps negated.
func askedFilter(r *rapid.T, uids []string) string {
	asked := rapid.SampledFrom(askedFields()).Draw(r, "field")
	path := asked.path
	ordered := []string{"=", "!=", "<", "<=", ">", ">="}
	var op, value string
	switch {
	case asked.key:
		op, value = rapid.SampledFrom(ordered[:2]).Draw(r, "op"), rapid.SampledFrom(uids).Draw(r, "value")
	case asked.kind == inventory.Text:
		op = rapid.SampledFrom(append(ordered, ":")).Draw(r, "op")
		value = rapid.SampledFrom(append([]string{"web*", "*1"}, askedTexts[1:]...)).Draw(r, "value")
	case asked.kind == inventory.Enum:
		values := inventory.FieldByPath(path).Values
		op, value = rapid.SampledFrom(ordered[:2]).Draw(r, "op"), rapid.SampledFrom(values).Draw(r, "value")
	case asked.kind == inventory.Bool:
		op, value = rapid.SampledFrom(ordered[:2]).Draw(r, "op"), rapid.SampledFrom([]string{"true", "false"}).Draw(r, "value")
	case asked.kind == inventory.Int32, asked.kind == inventory.Int64:
		op, value = rapid.SampledFrom(ordered).Draw(r, "op"), rapid.SampledFrom([]string{"0", "1", "2"}).Draw(r, "value")
	case asked.kind == inventory.Time:
		op, value = rapid.SampledFrom(ordered).Draw(r, "op"), at(rapid.Int64Range(0, 3).Draw(r, "at")).Format(time.RFC3339)
	default:
		op, value = ":", rapid.SampledFrom(append([]string{"team", "*", "t*"}, askedTexts[1:]...)).Draw(r, "value")
	}
	not := rapid.SampledFrom([]string{"", "NOT "}).Draw(r, "not")
	if value == "*" && op != ":" && op != "=" {
		op = ":"
	}
	return not + path + " " + op + ` "` + strings.ReplaceAll(value, `"`, `\"`) + `"`
}

// A filter matches the same instances in the table and in memory.
func TestFilters_TableAndMemory(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	rapid.Check(t, func(r *rapid.T) {
		if _, err := pool.Exec(t.Context(), clearSQL+`; TRUNCATE scopes, removed_accounts CASCADE`); err != nil {
			r.Fatal(err)
		}
		var instances []inventory.Instance
		for n := range rapid.IntRange(1, 8).Draw(r, "instances") {
			instances = append(instances, variedInstance(r, n))
		}
		if _, err := tryApply(t.Context(), store, observation("aws-1", "eu-west-1", 1), instances...); err != nil {
			r.Fatal(err)
		}
		if rapid.Bool().Draw(r, "remove") {
			if err := store.ingest.RemoveAccount(t.Context(), "aws-1", 2); err != nil {
				r.Fatal(err)
			}
		}
		all, err := store.List(t.Context(), inventory.ListRequest{PageSize: 100, ShowGone: true})
		if err != nil {
			r.Fatal(err)
		}
		var uids []string
		for n := range all.Instances {
			uids = append(uids, all.Instances[n].UID.String())
		}
		for range 10 {
			checkFilter(t.Context(), r, store, askedFilter(r, uids), all.Instances)
		}
	})
}

func checkFilter(ctx context.Context, r *rapid.T, store *store, text string, all []inventory.Instance) {
	page, err := store.List(ctx, inventory.ListRequest{Filter: text, PageSize: 100, ShowGone: true})
	if err != nil {
		r.Fatalf("%s: %v", text, err)
	}
	filter, err := inventory.ParseWatchFilter(text)
	if err != nil {
		r.Fatalf("%s: %v", text, err)
	}
	var want, got []string
	for n := range page.Instances {
		want = append(want, page.Instances[n].UID.String())
	}
	for n := range all {
		if filter.Match(inventory.RowOf(&all[n])) {
			got = append(got, all[n].UID.String())
		}
	}
	if !slices.Equal(got, want) {
		r.Fatalf("%s\nin memory %v\nin the table %v", text, got, want)
	}
}
