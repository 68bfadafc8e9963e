package postgres_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// comings are what happens to one scope with one instance, an hour after the
// other; the roll removes accounts at its own time, which is hour 0.
type comings struct {
	t     *testing.T
	store *store
	zero  time.Time
	fence int64
}

func newComings(t *testing.T) *comings {
	t.Helper()
	store, pool := open(t)
	// All that happens here is within what history is kept of.
	exec(t, pool, `UPDATE change_head SET floor_time = '2020-01-01T00:00:00Z'`)
	return &comings{t: t, store: store, zero: time.Now().UTC().Truncate(time.Second)}
}

func (c *comings) hour(n int) time.Time { return c.zero.Add(time.Duration(n) * time.Hour) }

func (c *comings) at(hour int) inventory.Observation {
	c.fence++
	obs := observation("aws-1", "eu-west-1", c.fence)
	obs.Time = c.hour(hour)
	return obs
}

func (c *comings) observed(hour int) {
	c.t.Helper()
	apply(c.t, c.store, c.at(hour), machine("eu-west-1", 1))
}

func (c *comings) failed(hour int, reason string) {
	c.t.Helper()
	if err := c.store.ingest.Fail(c.t.Context(), c.at(hour), inventory.Failure{Reason: reason, Error: "no " + reason}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *comings) removed() {
	c.t.Helper()
	c.fence++
	if err := c.store.ingest.RemoveAccount(c.t.Context(), "aws-1", c.fence); err != nil {
		c.t.Fatal(err)
	}
}

// gap is one that began and ended with observations; 99: it has no such time.
func (c *comings) gap(start, end int, reason, text string) inventory.Gap {
	gap := inventory.Gap{Scope: observation("aws-1", "eu-west-1", 1).Scope, Reason: reason, Error: text}
	if start != 99 {
		gap.Start = c.hour(start)
	}
	if end != 99 {
		gap.End = c.hour(end)
	}
	return gap
}

// want holds the history of the instance to these gaps, page by page.
func (c *comings) want(want ...inventory.Gap) {
	c.t.Helper()
	var got []inventory.Gap
	uid := inventory.InstanceUID("aws-1", inventory.VirtualMachine, machine("eu-west-1", 1).ProviderID)
	for q := (inventory.HistoryRequest{PageSize: 1}); ; {
		page, err := c.store.ListInstanceChanges(c.t.Context(), uid, q)
		if err != nil {
			c.t.Fatal(err)
		}
		got = append(got, utc(page.Gaps)...)
		if q.PageToken = page.NextPageToken; q.PageToken == "" {
			break
		}
	}
	if !reflect.DeepEqual(got, want) {
		c.t.Errorf("gaps\ngot  %+v\nwant %+v", got, want)
	}
}

// wantAsOf holds a list as of an hour to the gap that it falls into.
func (c *comings) wantAsOf(hour int, want ...inventory.Gap) {
	c.t.Helper()
	page, err := c.store.List(c.t.Context(), inventory.ListRequest{PageSize: 1, AsOf: c.hour(hour).Add(time.Minute)})
	if err != nil {
		c.t.Fatal(err)
	}
	got := utc(page.Freshness.Gaps)
	for n := range got {
		if got[n].Start.IsZero() {
			got[n].Start = time.Time{}
		}
	}
	if len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
		c.t.Errorf("as of hour %d: gaps\ngot  %+v\nwant %+v", hour, got, want)
	}
}

const offRoll = "the account was removed from the inventory"

// An account that was taken off the roll is out of sight until it was put back and
// looked at.
func TestGapOfARemovedAccount(t *testing.T) {
	t.Parallel()
	c := newComings(t)
	c.observed(-5)
	c.removed()
	c.want(c.gap(-5, 99, "REMOVED", offRoll))
	c.failed(1, "THROTTLED") // it is back, and can't be looked at
	c.want(c.gap(-5, 99, "REMOVED", offRoll))
	c.wantAsOf(-1, c.gap(-5, 99, "REMOVED", offRoll))
	c.observed(2)
	c.want(c.gap(-5, 2, "REMOVED", offRoll))
	c.wantAsOf(-1, c.gap(-5, 2, "REMOVED", offRoll))
	c.failed(3, "THROTTLED")
	c.want(c.gap(2, 99, "THROTTLED", "no THROTTLED"), c.gap(-5, 2, "REMOVED", offRoll))
	c.observed(4)
	c.observed(5)
	c.want(c.gap(2, 4, "THROTTLED", "no THROTTLED"), c.gap(-5, 2, "REMOVED", offRoll))
}

// The gap begins with the last observation, whatever came between that and the
// removal.
func TestGapOfAnAccountThatFailedAndWasRemoved(t *testing.T) {
	t.Parallel()
	c := newComings(t)
	c.observed(-5)
	c.failed(-3, "THROTTLED")
	c.removed()
	why := offRoll + "; before that: THROTTLED: no THROTTLED"
	c.want(c.gap(-5, 99, "REMOVED", why))
	c.failed(1, "UNREACHABLE")
	c.removed() // again, with nothing seen in between
	c.want(c.gap(-5, 99, "REMOVED", why))
	c.observed(3)
	c.want(c.gap(-5, 3, "REMOVED", why))
}

// Each time off the roll is a gap of its own.
func TestGapsOfAnAccountThatWasRemovedTwice(t *testing.T) {
	t.Parallel()
	c := newComings(t)
	c.observed(-9)
	c.removed()
	c.observed(1)
	c.removed()
	c.want(c.gap(1, 99, "REMOVED", offRoll), c.gap(-9, 1, "REMOVED", offRoll))
	c.failed(5, "UNREACHABLE")
	c.want(c.gap(1, 99, "REMOVED", offRoll), c.gap(-9, 1, "REMOVED", offRoll))
	c.wantAsOf(-1, c.gap(-9, 1, "REMOVED", offRoll))
	c.observed(7)
	c.want(c.gap(1, 7, "REMOVED", offRoll), c.gap(-9, 1, "REMOVED", offRoll))
}

// Where a region was given up, confirmed and taken up again, nobody looked until
// that; the confirmation was no look.
func TestGapOfAScopeThatWasConfirmedAndCameBack(t *testing.T) {
	t.Parallel()
	c := newComings(t)
	c.observed(-5)
	c.failed(-3, inventory.ReasonRetired)
	if _, err := c.store.ingest.ConfirmScope(t.Context(), observation("aws-1", "eu-west-1", 1).Scope, time.Time{}); err != nil {
		t.Fatal(err)
	}
	c.observed(3)
	c.want(c.gap(-5, 3, "RETIRED", "no RETIRED"))
}

// A gap is kept as long as the changes of its time, and so are those who were
// taken off the roll with it.
func TestGapsOfRemovedAccountsAreForgotten(t *testing.T) {
	t.Parallel()
	c := newComings(t)
	store := c.store
	c.observed(-5)
	c.removed()
	uid := inventory.InstanceUID("aws-1", inventory.VirtualMachine, machine("eu-west-1", 1).ProviderID)
	for day := range 4 {
		if err := store.log.Maintain(t.Context(), c.zero.Add(time.Duration(day)*24*time.Hour), 1, 24*time.Hour); err != nil {
			t.Fatal(err)
		}
		page, err := store.ListInstanceChanges(t.Context(), uid, inventory.HistoryRequest{PageSize: 9})
		known := err == nil
		if day == 0 && !known || day == 3 && known {
			t.Fatalf("on day %d it is known: %v, %v", day, known, err)
		}
		if known && len(page.Gaps) != 1 {
			t.Errorf("on day %d its gaps are %+v", day, page.Gaps)
		}
	}
}
