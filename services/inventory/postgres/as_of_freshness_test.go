package postgres_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// pastScopesSQL inserts scopes, each of an account of its own, with a history.
const pastScopesSQL = `
	INSERT INTO scopes (uid, account, provider, kind, location, fence, attempt_fence, first_complete_time, last_complete_time,
		last_attempt_time, last_error_reason, gap_reason, gap_error, sync_interval, hold_fence, hold_time, hold_missing, hold_of)
	SELECT md5(account)::uuid, account, 'AWS', 'VIRTUAL_MACHINE', 'eu-west-1', (last_complete IS NOT NULL)::int, 1,
		$1::timestamptz + first_complete * interval '1 min', $1::timestamptz + last_complete * interval '1 min',
		$1::timestamptz + attempt * interval '1 min', reason, gap, '', every * interval '1 min',
		CASE WHEN held THEN 2 END, CASE WHEN held THEN now() END, CASE WHEN held THEN 3 END, CASE WHEN held THEN 3 END
	FROM (VALUES
		('failing', 0, 100, 101, 'THROTTLED', 'THROTTLED', 10, false),
		('late',    50, 60, 60, '', '', NULL, false),
		('never',   NULL, NULL, 5, 'PERMISSION_DENIED', 'PERMISSION_DENIED', 10, false),
		('retired', 0, 60, 80, 'RETIRED', 'RETIRED', 10, false),
		('held',    0, 60, 60, '', '', NULL, true),
		('overdue', 0, 60, 60, '', '', 10, false)
	) AS s (account, first_complete, last_complete, attempt, reason, gap, every, held);
`

const pastGapsSQL = `
	INSERT INTO observation_gaps (scope, start_time, end_time, reason)
	VALUES (md5('failing')::uuid, $1::timestamptz + interval '20 min', $1::timestamptz + interval '40 min', 'UNREACHABLE')`

// The freshness of an answer about a past time is exact if the last observation is known, and
// conservative otherwise. It always has the gap that the time falls into.
func TestAsOf_Freshness(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	exec(t, pool, `UPDATE change_head SET time = '2024-02-01T12:00:00Z', floor_time = '2024-02-01T12:00:00Z'`)
	exec(t, pool, pastScopesSQL, long(0))
	exec(t, pool, pastGapsSQL, long(0))
	const unset = -1
	in := func(start, end int, reason string) *inventory.Gap {
		gap := &inventory.Gap{Reason: reason}
		if start != unset {
			gap.Start = long(start)
		}
		if end != unset {
			gap.End = long(end)
		}
		return gap
	}
	for _, c := range []struct {
		account    string
		at, oldest int
		gap        *inventory.Gap
	}{
		{"failing", 0, 0, nil},
		{"failing", 15, 0, nil},
		{"failing", 20, 0, nil}, // an observation of that time; it may be the one 20 minutes before
		{"failing", 30, 20, in(20, 40, "UNREACHABLE")},
		{"failing", 40, 40, nil},
		{"failing", 50, 40, nil},
		{"failing", 70, 50, nil},
		{"failing", 100, 100, nil},
		{"failing", 110, 100, in(100, unset, "THROTTLED")},
		{"late", 30, unset, in(unset, 50, "NOT_OBSERVED")},
		{"late", 55, 50, nil},
		{"late", 70, 60, nil},
		{"never", 70, unset, in(unset, unset, "PERMISSION_DENIED")},
		{"retired", 55, 35, nil},
		{"retired", 70, 60, in(60, unset, "RETIRED")},
		{"retired", 90, unset, nil}, // without instances, and no longer read
		{"held", 70, 60, in(60, unset, "HELD")},
		{"overdue", 70, 60, in(60, unset, "NOT_OBSERVED")},
		{"nobody", 70, unset, nil},
	} {
		q := inventory.ListRequest{Filter: "account = " + c.account, PageSize: 1, AsOf: long(c.at)}
		page, err := store.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		want := inventory.Freshness{}
		if c.oldest != unset {
			want.Oldest = long(c.oldest)
		}
		if c.gap != nil {
			c.gap.Scope = inventory.ScopeKey{Account: c.account, Kind: inventory.VirtualMachine, Location: "eu-west-1"}
			want.Gaps, want.Unreachable = []inventory.Gap{*c.gap}, []inventory.ScopeKey{c.gap.Scope}
		}
		got := page.Freshness
		got.Oldest, got.Gaps = got.Oldest.UTC(), utc(got.Gaps)
		for n := range got.Gaps {
			if got.Gaps[n].Start.IsZero() {
				got.Gaps[n].Start = time.Time{}
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s at %d\ngot  %+v\nwant %+v", c.account, c.at, got, want)
		}
		counts, err := store.AggregateInstances(t.Context(), inventory.AggregateRequest{GroupBy: []string{"state"}, Filter: q.Filter, AsOf: q.AsOf})
		if err != nil || !reflect.DeepEqual(counts.Freshness.Unreachable, want.Unreachable) {
			t.Errorf("%s at %d: counts can't vouch for %v, %v", c.account, c.at, counts.Freshness.Unreachable, err)
		}
		if c.oldest == unset {
			continue
		}
		// max_staleness is measured back from that time.
		q.MaxStaleness = long(c.at).Sub(long(c.oldest)) + time.Second
		if _, err := store.List(t.Context(), q); err != nil {
			t.Errorf("%s at %d: %v", c.account, c.at, err)
		}
		if c.at == c.oldest {
			continue
		}
		q.MaxStaleness -= 2 * time.Second
		if _, err := store.List(t.Context(), q); fault.ReasonOf(err) != fault.ReasonTooStale {
			t.Errorf("%s at %d is younger than %s: %v", c.account, c.at, q.MaxStaleness, err)
		}
	}
}

// The time at which an instance was last observed before a time is never too late.
func TestAsOf_ObserveTime(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	exec(t, pool, `UPDATE change_head SET time = '2024-02-01T12:00:00Z', floor_time = '2024-02-01T12:00:00Z'`)
	exec(t, pool, pastScopesSQL, long(0))
	exec(t, pool, pastGapsSQL, long(0))
	changeAt(t, pool, 6, newInstanceSQL, one, "failing", "web-1", long(5))
	exec(t, pool, `UPDATE instances SET scope = md5('failing')::uuid, observe_time = $1`, long(45))
	for _, c := range []struct{ at, want int }{
		{6, 5},     // when it was created; the scope may have been observed before
		{30, 20},   // in a gap
		{50, 45},   // observed alone
		{70, 50},   // with its scope
		{110, 100}, // in the gap that still lasts
	} {
		got, err := store.reader.GetInstance(t.Context(), one, inventory.GetQuery{AsOf: long(c.at)})
		if err != nil || !got.ObserveTime.Equal(long(c.want)) {
			t.Errorf("at %d it was observed at %s, want %s: %v", c.at, got.ObserveTime, long(c.want), err)
		}
		list, err := store.List(t.Context(), inventory.ListRequest{PageSize: 1, AsOf: long(c.at), Filter: "account = failing AND observe_time:*"})
		if err != nil || len(list.Instances) != 1 || !list.Instances[0].ObserveTime.Equal(long(c.want)) {
			t.Errorf("at %d a list has %+v: %v", c.at, list.Instances, err)
		}
		stale := inventory.GetQuery{AsOf: long(c.at), MaxStaleness: long(c.at).Sub(long(c.want)) - time.Second}
		if _, err := store.reader.GetInstance(t.Context(), one, stale); stale.MaxStaleness > 0 && fault.ReasonOf(err) != fault.ReasonTooStale {
			t.Errorf("at %d it is younger than %s: %v", c.at, stale.MaxStaleness, err)
		}
	}
	_, err := store.reader.GetInstance(t.Context(), one, inventory.GetQuery{AsOf: long(3)})
	if fault.KindOf(err) != fault.KindNotFound {
		t.Errorf("before it was created: %v", err)
	}
}
