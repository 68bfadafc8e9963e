package query_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/internal/query"
)

// Postgres finds what the oracle finds, in the order of the oracle, and only values that Only
// allows.
func TestPostgresAgreesWithTheOracle(t *testing.T) {
	pool := database(t)
	ctx := context.Background()
	rapid.Check(t, func(t *rapid.T) {
		all := newThings(t, 30)
		tx, err := pool.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback(ctx) }()
		if err := insert(tx, all...); err != nil {
			t.Fatal(err)
		}
		for range 8 {
			w := newWish(t, 3, all)
			text := write(t, w)
			filter, err := things.ParseFilter(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			orderBy, compare := newOrder(t)
			order, err := things.ParseOrder(orderBy)
			if err != nil {
				t.Fatalf("%s: %v", orderBy, err)
			}
			want := matching(all, w)
			checkOnly(t, text, filter, want)
			checkMatch(t, text, filter, all, want)
			checkImplied(t, tx, text, filter, want)
			slices.SortFunc(want, compare)
			var args query.Args
			where := filter.Where(&args)
			got, err := uids(tx, where, order.OrderBy(), args)
			if err != nil {
				t.Fatalf("%s\n%s %q: %v", text, where, args, err)
			}
			if !slices.Equal(got, uidsOf(want)) {
				t.Fatalf("%s\nby %s\n%s %q\ngot  %v\nwant %v", text, orderBy, where, args, got, uidsOf(want))
			}
			if paged := pages(t, tx, filter, order, rapid.IntRange(1, 10).Draw(t, "page"), nil); !slices.Equal(paged, got) {
				t.Fatalf("%s by %s\nin pages %v\nat once  %v", text, orderBy, paged, got)
			}
		}
	})
}

func matching(all []thing, w wish) []thing {
	var found []thing
	for _, r := range all {
		if w.match(r) {
			found = append(found, r)
		}
	}
	return found
}

func uidsOf(all []thing) []string {
	var ids []string
	for _, r := range all {
		ids = append(ids, r.UID)
	}
	return ids
}

// newOrder draws an order_by and its comparison.
func newOrder(t *rapid.T) (string, func(a, b thing) int) {
	type step struct {
		compare func(a, b thing) int
		sign    int
	}
	names := make([]string, 0, len(orderKeys))
	for name := range orderKeys {
		names = append(names, name)
	}
	slices.Sort(names)
	var parts []string
	var steps []step
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 4, rapid.ID).Draw(t, "order") {
		direction := rapid.SampledFrom([]string{"", " desc", "  desc ", " asc"}).Draw(t, "direction")
		sign := 1
		if strings.Contains(direction, "desc") {
			sign = -1
		}
		parts = append(parts, name+direction)
		steps = append(steps, step{orderKeys[name], sign})
	}
	last := 1
	if len(steps) > 0 {
		last = steps[len(steps)-1].sign
	}
	steps = append(steps, step{orderKeys["name"], last})
	return strings.Join(parts, ","), func(a, b thing) int {
		for _, s := range steps {
			if c := s.compare(a, b) * s.sign; c != 0 {
				return c
			}
		}
		return 0
	}
}

// checkImplied checks Filter.Implied: if a thing matches, the condition on its counterpart, here
// its own row, is true.
func checkImplied(t *rapid.T, db execer, text string, filter *query.Filter, matched []thing) {
	var args query.Args
	where := filter.Implied(&args, func(path string) query.Counterpart {
		switch path {
		case "account", "mode", "port", "labels", "gone_time":
			column := path
			return query.Counterpart{Column: column}
		case "state":
			return query.Counterpart{Column: "state", Unless: "state = 'GONE'"}
		case "display_name":
			return query.Counterpart{MayBe: func(args *query.Args, value string) string {
				return "left(display_name, 1) = left(" + args.Add(value) + "::text, 1)"
			}}
		case "location.zone":
			return query.Counterpart{MayHave: "zone <> ''"}
		case "storage_gib":
			return query.Counterpart{MayHave: "storage_gib IS NOT NULL"}
		case "virtual_machine.spot":
			return query.Counterpart{MayHave: "details ->> 'spot' IS NOT NULL"}
		}
		return query.Counterpart{}
	})
	got, err := uids(db, where, "uid", args)
	if err != nil {
		t.Fatalf("%s\nimplies %s %q: %v", text, where, args, err)
	}
	for _, r := range matched {
		if !slices.Contains(got, r.UID) {
			t.Fatalf("%s\nmatches %+v, and implies %s %q, which does not", text, r, where, args)
		}
	}
}

// checkOnly checks Filter.Only: every match has one of the values.
func checkOnly(t *rapid.T, text string, filter *query.Filter, matched []thing) {
	for path, get := range map[string]func(thing) string{
		"account":       func(r thing) string { return r.Account },
		"display_name":  func(r thing) string { return r.DisplayName },
		"location.zone": func(r thing) string { return textOf(r.Zone) },
		"state":         func(r thing) string { return r.State },
		"mode":          func(r thing) string { return textOf(r.Mode) },
		"name":          func(r thing) string { return r.UID },
	} {
		values, ok := filter.Only(path)
		for _, r := range matched {
			if ok && !slices.Contains(values, get(r)) {
				t.Fatalf("%s\nlets %s %q through, Only(%q) has %q", text, path, get(r), path, values)
			}
		}
	}
}

// checkMatch checks Filter.Match with the same things.
func checkMatch(t *rapid.T, text string, filter *query.Filter, all, want []thing) {
	var got []thing
	for _, r := range all {
		if filter.Match(r) {
			got = append(got, r)
		}
	}
	if !slices.Equal(uidsOf(got), uidsOf(want)) {
		t.Fatalf("%s\nmatches %v\nwant    %v", text, uidsOf(got), uidsOf(want))
	}
}

// pages reads page by page, with the cursor in a token each time, and calls between after each
// page.
func pages(t *rapid.T, db execer, filter *query.Filter, order *query.Order, size int, between func()) []string {
	var found []string
	token := ""
	for {
		var cursor []string
		if err := query.DecodeToken(token, "pages", &cursor); err != nil {
			t.Fatal(err)
		}
		args := query.Args{size}
		where := filter.Where(&args)
		after, err := order.After(&args, cursor)
		if err != nil {
			t.Fatalf("cursor %q: %v", cursor, err)
		}
		sql := "SELECT uid::text, ARRAY[" + strings.Join(order.CursorColumns(), ", ") + "] FROM things WHERE " +
			where + " AND " + after + " ORDER BY " + order.OrderBy() + " LIMIT $1"
		rows, err := db.Query(context.Background(), sql, args...)
		if err != nil {
			t.Fatal(err)
		}
		var uid string
		n := 0
		if _, err := pgx.ForEachRow(rows, []any{&uid, &cursor}, func() error {
			found = append(found, uid)
			n++
			return nil
		}); err != nil {
			t.Fatalf("%s %q: %v", sql, args, err)
		}
		if n < size {
			return found
		}
		token = query.EncodeToken("pages", cursor)
		if between != nil {
			between()
		}
	}
}

// While rows are inserted, deleted and moved, each row that stays is listed exactly once.
func TestPagesHoldUnderWrites(t *testing.T) {
	pool := database(t)
	ctx := context.Background()
	rapid.Check(t, func(t *rapid.T) {
		if _, err := pool.Exec(ctx, "DELETE FROM things"); err != nil {
			t.Fatal(err)
		}
		all := newThings(t, 25)
		stay := rapid.IntRange(0, len(all)).Draw(t, "stay")
		if err := insert(pool, all...); err != nil {
			t.Fatal(err)
		}
		orderBy, compare := newOrder(t)
		order, err := things.ParseOrder(orderBy)
		if err != nil {
			t.Fatal(err)
		}
		churn := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "churn"), 0))
		others := all[stay:]
		got := pages(t, pool, nil, order, rapid.IntRange(1, 5).Draw(t, "page"), func() {
			if len(others) == 0 {
				return
			}
			i := churn.IntN(len(others))
			if _, err := pool.Exec(ctx, "DELETE FROM things WHERE uid = $1::text::uuid", others[i].UID); err != nil {
				t.Fatal(err)
			}
			if churn.IntN(3) > 0 { // back with other values
				moved := others[churn.IntN(len(others))]
				moved.UID = others[i].UID
				if err := insert(pool, moved); err != nil {
					t.Fatal(err)
				}
			}
		})
		want := slices.Clone(all[:stay])
		slices.SortFunc(want, compare)
		got = slices.DeleteFunc(got, func(uid string) bool {
			return !slices.ContainsFunc(want, func(r thing) bool { return r.UID == uid })
		})
		if !slices.Equal(got, uidsOf(want)) {
			t.Fatalf("by %s\ngot  %v\nwant %v", orderBy, got, uidsOf(want))
		}
	})
}

// Postgres can compare with every cursor that After accepts.
func TestForgedCursorsNeverFailInPostgres(t *testing.T) {
	pool := database(t)
	forged := rapid.OneOf(
		rapid.String(),
		rapid.StringMatching(`-?[0-9]{1,25}(\.[0-9]{0,10})?`),
		rapid.StringMatching(`[0-9]{4,5}-[01][0-9]-[0-3][0-9] [012][0-9]:[0-5][0-9]:[0-6][0-9]([.,][0-9]{1,9})?[-+][0-9]{2}(:[0-9]{2}){0,2}( BC)?`),
		rapid.StringMatching(`(urn:uuid:|\{)?[0-9a-fA-F]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\}?`),
		rapid.SampledFrom([]string{"true", "t", "TRUE", "infinity", "-infinity", "NaN", "now", "0000-01-01 00:00:00+00", "\x00", "\xff"}),
	)
	rapid.Check(t, func(t *rapid.T) {
		_, field := field(t, map[string]string{
			"a": "display_name", "b": "port", "c": "storage_gib", "d": "create_time", "e": "gone_time",
			"f": "grace", "g": "paused", "h": "state",
		})
		order, err := things.ParseOrder(field)
		if err != nil {
			t.Fatal(err)
		}
		var args query.Args
		cursor := []string{forged.Draw(t, "value"), forged.Draw(t, "key")}
		if rapid.Bool().Draw(t, "good key") {
			cursor[1] = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
		}
		after, err := order.After(&args, cursor)
		if err != nil {
			return
		}
		if _, err := uids(pool, after, "uid", args); err != nil {
			t.Fatalf("%s %q: %v", after, cursor, err)
		}
	})
}
