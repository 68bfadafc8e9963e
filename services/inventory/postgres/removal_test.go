package postgres_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// removals is the history of one scope with one instance, with an hour between its events.
// Accounts are removed at the present time, which is hour 0.
type removals struct {
	t     *testing.T
	store *store
	zero  time.Time
	fence int64
}

func newComings(t *testing.T) *removals {
	t.Helper()
	store, pool := open(t)
	// All events are within the retention time.
	exec(t, pool, `UPDATE change_head SET floor_time = '2020-01-01T00:00:00Z'`)
	return &removals{t: t, store: store, zero: time.Now().UTC().Truncate(time.Second)}
}

func (c *removals) hour(n int) time.Time { return c.zero.Add(time.Duration(n) * time.Hour) }

func (c *removals) at(hour int) inventory.Observation {
	c.fence++
	obs := observation("aws-1", "eu-west-1", c.fence)
	obs.Time = c.hour(hour)
	return obs
}

func (c *removals) observed(hour int) {
	c.t.Helper()
	apply(c.t, c.store, c.at(hour), machine("eu-west-1", 1))
}

func (c *removals) failed(hour int, reason string) {
	c.t.Helper()
	if err := c.store.ingest.Fail(c.t.Context(), c.at(hour), inventory.Failure{Reason: reason, Error: "no " + reason}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *removals) removed() {
	c.t.Helper()
	c.fence++
	if err := c.store.ingest.RemoveAccount(c.t.Context(), "aws-1", c.fence); err != nil {
		c.t.Fatal(err)
	}
}

// gap returns a gap between two observations; 99 is no time.
func (c *removals) gap(start, end int, reason, text string) inventory.Gap {
	gap := inventory.Gap{Scope: observation("aws-1", "eu-west-1", 1).Scope, Reason: reason, Error: text}
	if start != 99 {
		gap.Start = c.hour(start)
	}
	if end != 99 {
		gap.End = c.hour(end)
	}
	return gap
}

// want compares the history of the instance with these gaps, page by page.
func (c *removals) want(want ...inventory.Gap) {
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

// wantAsOf compares a list as of an hour with the gap that it falls into.
func (c *removals) wantAsOf(hour int, want ...inventory.Gap) {
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

const removedText = "the account was removed from the inventory"

// A removed account is in a gap until it is added and observed again.
func TestRemoval_Gap(t *testing.T) {
	t.Parallel()
	c := newComings(t)
	c.observed(-5)
	c.removed()
	c.want(c.gap(-5, 99, "REMOVED", removedText))
	c.failed(1, "THROTTLED") // it is back, and fails
	c.want(c.gap(-5, 99, "REMOVED", removedText))
	c.wantAsOf(-1, c.gap(-5, 99, "REMOVED", removedText))
	c.observed(2)
	c.want(c.gap(-5, 2, "REMOVED", removedText))
	c.wantAsOf(-1, c.gap(-5, 2, "REMOVED", removedText))
	c.failed(3, "THROTTLED")
	c.want(c.gap(2, 99, "THROTTLED", "no THROTTLED"), c.gap(-5, 2, "REMOVED", removedText))
	c.observed(4)
	c.observed(5)
	c.want(c.gap(2, 4, "THROTTLED", "no THROTTLED"), c.gap(-5, 2, "REMOVED", removedText))
}

// The gap begins with the last observation, whatever happened before the removal.
func TestRemoval_AfterFailures(t *testing.T) {
	t.Parallel()
	c := newComings(t)
	c.observed(-5)
	c.failed(-3, "THROTTLED")
	c.removed()
	why := removedText + "; before that: THROTTLED: no THROTTLED"
	c.want(c.gap(-5, 99, "REMOVED", why))
	c.failed(1, "UNREACHABLE")
	c.removed() // again, without an observation in between
	c.want(c.gap(-5, 99, "REMOVED", why))
	c.observed(3)
	c.want(c.gap(-5, 3, "REMOVED", why))
}

// Each removal is a gap of its own.
func TestRemoval_Twice(t *testing.T) {
	t.Parallel()
	c := newComings(t)
	c.observed(-9)
	c.removed()
	c.observed(1)
	c.removed()
	c.want(c.gap(1, 99, "REMOVED", removedText), c.gap(-9, 1, "REMOVED", removedText))
	c.failed(5, "UNREACHABLE")
	c.want(c.gap(1, 99, "REMOVED", removedText), c.gap(-9, 1, "REMOVED", removedText))
	c.wantAsOf(-1, c.gap(-9, 1, "REMOVED", removedText))
	c.observed(7)
	c.want(c.gap(1, 7, "REMOVED", removedText), c.gap(-9, 1, "REMOVED", removedText))
}

// If a region was retired, confirmed and observed again, the gap lasts until the observation.
func TestRemoval_ConfirmedScope(t *testing.T) {
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

// A gap is kept as long as the changes of its time, and so are the instances that were removed
// with the account.
func TestRemoval_Retention(t *testing.T) {
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
			t.Fatalf("on day %d it is stored: %v, %v", day, known, err)
		}
		if known && len(page.Gaps) != 1 {
			t.Errorf("on day %d its gaps are %+v", day, page.Gaps)
		}
	}
}
