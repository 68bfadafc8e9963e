package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// long returns a past time, so many minutes after a fixed one.
func long(minutes int) time.Time {
	return time.Date(2024, 2, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(minutes) * time.Minute)
}

// settleSQL sets the times of the changes that were just logged.
const settleSQL = `
	WITH head AS (UPDATE change_head SET time = $1 RETURNING time)
	UPDATE changes SET time = $1 FROM head WHERE changes.time > $1`

// questions are the requests whose answers are compared, at each minute and as of that minute
// later.
var questions = []inventory.ListRequest{
	{Filter: `provider = AWS`}, // the total of everything comes from the scopes, which this test does not write
	{ShowGone: true},
	{Filter: `state = RUNNING`},
	{Filter: `labels.team = data OR virtualMachine.spot = true`, OrderBy: "display_name desc"},
	{Filter: `state = GONE`, ShowGone: true, OrderBy: "change_time"},
	{Filter: `create_time:* AND NOT private_ips:10.0.0.1`, OrderBy: "state, create_time desc"},
}

// answer is everything that a reader can see at one time.
type answer struct {
	lists  [][]inventory.Instance
	totals []int64
	counts [][]inventory.Group
	each   map[uuid.UUID]inventory.Instance
}

// ask reads everything, as of a time if it is set.
func ask(t *rapid.T, store *store, uids []uuid.UUID, asOf time.Time, size int) answer {
	ctx := context.Background()
	a := answer{each: map[uuid.UUID]inventory.Instance{}}
	for _, q := range questions {
		q.AsOf, q.PageSize = asOf, size
		var all []inventory.Instance
		for {
			page, err := store.List(ctx, q)
			if err != nil {
				t.Fatalf("%+v: %v", q, err)
			}
			all = append(all, page.Instances...)
			if q.PageToken = page.NextPageToken; q.PageToken == "" {
				a.totals = append(a.totals, page.TotalSize)
				break
			}
		}
		a.lists = append(a.lists, plainTimes(all))
		counted, err := store.AggregateInstances(ctx, inventory.AggregateRequest{
			GroupBy: []string{"state", "labels.team"}, Filter: q.Filter, ShowGone: q.ShowGone, AsOf: asOf})
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		a.counts = append(a.counts, counted.Groups)
	}
	for _, uid := range uids {
		instance, err := store.reader.GetInstance(ctx, uid, inventory.GetQuery{AsOf: asOf})
		switch {
		case fault.KindOf(err) == fault.KindNotFound && err != nil:
		case err != nil:
			t.Fatal(err)
		default:
			a.each[uid] = plainTimes([]inventory.Instance{instance})[0]
		}
	}
	return a
}

// difference returns where two answers differ.
func (a answer) difference(want answer) string {
	for n, q := range questions {
		switch {
		case !reflect.DeepEqual(a.lists[n], want.lists[n]):
			return fmt.Sprintf("%+v\ngot  %+v\nwant %+v", q, a.lists[n], want.lists[n])
		case a.totals[n] != want.totals[n]:
			return fmt.Sprintf("%+v: %d in all, want %d", q, a.totals[n], want.totals[n])
		case !reflect.DeepEqual(a.counts[n], want.counts[n]):
			return fmt.Sprintf("%+v: counts %v, want %v", q, a.counts[n], want.counts[n])
		}
	}
	if !reflect.DeepEqual(a.each, want.each) {
		return fmt.Sprintf("one by one\ngot  %+v\nwant %+v", a.each, want.each)
	}
	return ""
}

// plainTimes removes the times of observations, which are less exact for past times.
func plainTimes(all []inventory.Instance) []inventory.Instance {
	all = slices.Clone(all)
	for n := range all {
		all[n].ObserveTime = time.Time{}
	}
	return all
}

// An answer as of a time is the answer of that time, page by page.
func TestAsOf_Answers(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	possible := slices.Concat(writes[:2], writes[3:]) // without an address that is NULL, which readers do not accept
	rapid.Check(t, func(r *rapid.T) {
		clear := clearSQL + `; UPDATE change_head SET time = '2024-02-01T12:00:00Z', floor_time = '2024-02-01T12:00:00Z'`
		if _, err := pool.Exec(t.Context(), clear); err != nil {
			r.Fatal(err)
		}
		var uids []uuid.UUID
		for n := range 4 {
			uids = append(uids, uuid.MustParse(fmt.Sprintf("00000000-0000-0000-0000-%012d", n+1)))
		}
		answers := []answer{ask(r, store, uids, time.Time{}, 100)}
		there := map[uuid.UUID]bool{}
		for n := range rapid.IntRange(1, 8).Draw(r, "writes") {
			uid := rapid.SampledFrom(uids).Draw(r, "instance")
			sql, args := rapid.SampledFrom(possible).Draw(r, "write"), []any{uid, long(n)}
			if !there[uid] {
				sql, args = newInstanceSQL, []any{uid, "aws-1", "web-" + uid.String(), long(n)}
			}
			there[uid] = true
			if err := logged(t.Context(), pool, sql, args...); err != nil {
				r.Fatal(err)
			}
			if _, err := pool.Exec(t.Context(), settleSQL, long(2*n+1)); err != nil {
				r.Fatal(err)
			}
			answers = append(answers, ask(r, store, uids, time.Time{}, 100))
		}
		for range 3 {
			minute := rapid.IntRange(0, 2*len(answers)-2).Draw(r, "minute")
			want, size := answers[(minute+1)/2], rapid.IntRange(1, 4).Draw(r, "page size")
			if difference := ask(r, store, uids, long(minute), size).difference(want); difference != "" {
				r.Fatalf("as of minute %d\n%s", minute, difference)
			}
		}
	})
}

// History reaches from the retention time to now.
func TestAsOf_OutsideOfHistory(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	list := func(asOf time.Time) error {
		_, err := store.List(t.Context(), inventory.ListRequest{PageSize: 1, AsOf: asOf})
		return err
	}
	since := floorOf(t, pool)
	if err := list(since); err != nil {
		t.Error(err)
	}
	err := list(since.Add(-time.Microsecond))
	if fault.KindOf(err) != fault.KindOutOfRange || fault.ReasonOf(err) != fault.ReasonHistoryExpired {
		t.Errorf("before history: %v", err)
	}
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Metadata["historyStartTime"] != since.Format(time.RFC3339Nano) {
		t.Errorf("history does not begin at %s: %+v", since, f)
	}
	if err := list(time.Now().Add(time.Hour)); fault.KindOf(err) != fault.KindInvalidArgument {
		t.Errorf("of the future: %v", err)
	}
}

func floorOf(t *testing.T, pool *pgxpool.Pool) (since time.Time) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), `SELECT floor_time FROM change_head`).Scan(&since); err != nil {
		t.Fatal(err)
	}
	return since.UTC()
}

// The pages of one list are of one position in the log, even if changes of the requested time are
// committed late.
func TestAsOf_PagesAgree(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	exec(t, pool, clearSQL+`; UPDATE change_head SET time = '2024-02-01T12:00:00Z', floor_time = '2024-02-01T12:00:00Z'`)
	write := func(minute int, sql string, args ...any) {
		t.Helper()
		if err := logged(t.Context(), pool, sql, args...); err != nil {
			t.Fatal(err)
		}
		exec(t, pool, settleSQL, long(minute))
	}
	uid := func(n int) string { return fmt.Sprintf("00000000-0000-0000-0000-%012d", n) }
	for n := range 3 {
		write(1, newInstanceSQL, uid(n+1), "aws-1", fmt.Sprint("web-", n+1), long(1))
	}
	q := inventory.ListRequest{PageSize: 2, AsOf: long(2)}
	page, err := store.List(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	write(2, `UPDATE instances SET state = 'STOPPED' WHERE uid = $1`, uid(3))
	write(2, newInstanceSQL, uid(4), "aws-1", "web-4", long(2))
	q.PageToken = page.NextPageToken
	page, err = store.List(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Instances) != 1 || page.Instances[0].State != inventory.StateRunning || page.TotalSize != 3 {
		t.Errorf("the second page is %+v of %d", page.Instances, page.TotalSize)
	}
	q.PageToken = ""
	page, err = store.List(t.Context(), q)
	if err != nil || page.TotalSize != 4 {
		t.Errorf("a new list has %d, want 4: %v", page.TotalSize, err)
	}
	q.PageToken, q.AsOf = page.NextPageToken, long(1)
	if _, err := store.List(t.Context(), q); fault.KindOf(err) != fault.KindInvalidArgument {
		t.Errorf("a token of another time: %v", err)
	}
}
