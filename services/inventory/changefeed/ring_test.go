package changefeed

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

var logID = uuid.MustParse("00000000-0000-0000-0000-000000000001")

// positionAt returns the position after a revision.
func positionAt(revision int64) inventory.LogPosition {
	return inventory.LogPosition{Log: logID, Revision: revision, Time: time.Unix(revision, 0)}
}

// eventAt returns the event of a revision, of an instance of an account.
func eventAt(revision int64, account string) *Event {
	return newEvent(inventory.LoggedChange{
		LogPosition: positionAt(revision), Type: inventory.Created, After: &inventory.Instance{Account: account},
	})
}

// ringOf returns a ring that starts after revision 10 and has so many events, of the accounts a and b by turns.
func ringOf(maxEvents, events int) *ring {
	r := &ring{maxEvents: maxEvents, maxBytes: 1 << 30}
	r.start(positionAt(10))
	for n := range events {
		r.add(eventAt(int64(11+n), []string{"a", "b"}[n%2]))
	}
	return r
}

func revisions(events []*Event) []int64 {
	var list []int64
	for _, e := range events {
		list = append(list, e.Revision)
	}
	return list
}

func TestRing_After(t *testing.T) {
	t.Parallel()
	r := ringOf(100, 6) // a: 11, 13, 15; b: 12, 14, 16
	for _, c := range []struct {
		after   int64
		account string
		limit   int
		want    []int64
		upTo    int64
	}{
		{10, "", 100, []int64{11, 12, 13, 14, 15, 16}, 16},
		{13, "", 100, []int64{14, 15, 16}, 16},
		{13, "", 2, []int64{14, 15}, 15},
		{13, "", 3, []int64{14, 15, 16}, 16},
		{16, "", 100, nil, 16},
		{17, "", 100, nil, 17}, // ahead of the ring
		{10, "a", 100, []int64{11, 13, 15}, 16},
		{10, "a", 2, []int64{11, 13}, 13},
		{13, "a", 100, []int64{15}, 16},
		{10, "none", 100, nil, 16},
	} {
		t.Run(fmt.Sprintf("%d of %q after %d", c.limit, c.account, c.after), func(t *testing.T) {
			events, upTo := r.after(positionAt(c.after), c.account, c.limit)
			if !slices.Equal(revisions(events), c.want) || upTo.Revision != c.upTo {
				t.Errorf("got %v up to %d, want %v up to %d", revisions(events), upTo.Revision, c.want, c.upTo)
			}
		})
	}
}

func TestRing_DropsOldest(t *testing.T) {
	t.Parallel()
	r := ringOf(3, 5)
	events, _ := r.after(positionAt(12), "", 100)
	if want := []int64{13, 14, 15}; !slices.Equal(revisions(events), want) || !r.first.Equal(positionAt(12)) {
		t.Errorf("kept %v after %d, want %v after 12", revisions(events), r.first.Revision, want)
	}
	if got := revisions(r.byAccount["a"]); !slices.Equal(got, []int64{13, 15}) {
		t.Errorf("kept %v of account a", got)
	}
	if r.reaches(positionAt(11)) || !r.reaches(positionAt(12)) {
		t.Error("the ring reaches further back than its events, or not as far")
	}
}

func TestRing_DropsByBytes(t *testing.T) {
	t.Parallel()
	size := eventAt(1, "a").size()
	r := &ring{maxEvents: 100, maxBytes: 2 * size}
	r.start(positionAt(10))
	for n := range 3 {
		r.add(eventAt(int64(11+n), "a"))
	}
	if got := revisions(r.events); !slices.Equal(got, []int64{12, 13}) || r.bytes != 2*size {
		t.Errorf("kept %v with %d bytes", got, r.bytes)
	}
	// The last event stays, however large it is.
	r.maxBytes = 1
	r.add(eventAt(14, "b"))
	if got := revisions(r.events); !slices.Equal(got, []int64{14}) || len(r.byAccount) != 1 {
		t.Errorf("kept %v of the accounts %v", got, r.byAccount)
	}
}

func TestRing_Has(t *testing.T) {
	t.Parallel()
	r := ringOf(100, 3)
	other, restored := positionAt(12), positionAt(12)
	other.Log = uuid.New()
	restored.Time = restored.Time.Add(time.Second)
	for _, c := range []struct {
		name     string
		position inventory.LogPosition
		want     bool
	}{
		{"start", positionAt(10), true},
		{"inside", positionAt(12), true},
		{"end", positionAt(13), true},
		{"before", positionAt(9), false},
		{"ahead", positionAt(14), false},
		{"another log", other, false},
		{"another time", restored, false},
		{"another time at the start", inventory.LogPosition{Log: logID, Revision: 10, Time: time.Unix(99, 0)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := r.has(c.position); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
	r.stop()
	if r.has(positionAt(12)) || r.reaches(positionAt(12)) || r.started() {
		t.Error("a stopped ring has a position")
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	const limit = time.Hour
	before := time.Now().Add(-2 * limit)
	for _, c := range []struct {
		name     string
		progress progress
		behind   int64
		slow     bool
	}{
		{"first time", progress{}, 100, false},
		{"not for long", progress{since: time.Now(), behind: 100, waited: limit}, 200, false},
		{"nearer", progress{since: before, behind: 100, waited: 2 * limit}, 99, false},
		{"not nearer, by its stream", progress{since: before, behind: 100, waited: 2 * limit}, 100, true},
		{"not nearer, by the database", progress{since: before, behind: 100, waited: limit / 2}, 100, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.progress.check(c.behind, limit); (err != nil) != c.slow {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestToken_RoundTrip(t *testing.T) {
	t.Parallel()
	for _, want := range []position{
		{log: positionAt(7)}, {log: positionAt(7), listing: true}, {log: positionAt(7), listing: true, listed: uuid.New()},
	} {
		got, err := positionOf(want.token("f"), "f")
		if err != nil || !got.log.Equal(want.log) || got.listing != want.listing || got.listed != want.listed {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		if _, err := positionOf(want.token("f"), "other"); err == nil {
			t.Error("the token of another filter was accepted")
		}
	}
}
