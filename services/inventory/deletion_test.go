package inventory_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// missing returns so many missing instances with the same evidence.
func missing(count int, evidence inventory.Evidence) []inventory.MissingInstance {
	list := make([]inventory.MissingInstance, count)
	for n := range list {
		list[n] = inventory.MissingInstance{UID: uidOf(n), Evidence: evidence}
	}
	return list
}

// TestDeletionPolicy_MassDeletion has the limits of a mass deletion: at least 5 instances and more than half of the scope.
func TestDeletionPolicy_MassDeletion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		alive      int64
		missing    int
		gone, held int
	}{
		{alive: 4, missing: 4, gone: 4},  // all of a scope, but fewer than 5
		{alive: 5, missing: 5, held: 5},  // 5 are enough
		{alive: 9, missing: 5, held: 5},  // more than half
		{alive: 10, missing: 5, gone: 5}, // exactly half is not
		{alive: 11, missing: 5, gone: 5}, // less than half
		{alive: 11, missing: 6, held: 6}, // more than half
		{alive: 100, missing: 50, gone: 50},
		{alive: 100, missing: 51, held: 51},
	} {
		t.Run(fmt.Sprint(c.missing, " of ", c.alive), func(t *testing.T) {
			d := inventory.DefaultDeletionPolicy.Decide(c.alive, missing(c.missing, inventory.NotFound))
			if len(d.Gone) != c.gone || len(d.Held) != c.held || len(d.Inconclusive) != 0 {
				t.Errorf("gone %d, held %d, inconclusive %d; want gone %d, held %d",
					len(d.Gone), len(d.Held), len(d.Inconclusive), c.gone, c.held)
			}
			if d.NewlyHeld != int64(c.held) || d.Alive != c.alive {
				t.Errorf("newly held %d of %d", d.NewlyHeld, d.Alive)
			}
		})
	}
}

// TestDeletionPolicy_MassDeletionCountsNewOnes leaves instances that were missing before out of both numbers.
func TestDeletionPolicy_MassDeletionCountsNewOnes(t *testing.T) {
	t.Parallel()
	list := missing(9, inventory.NotFound)
	for n := range 5 {
		list[n].Again = true
	}
	// 4 of 5 others are missing now, which is too few for a mass deletion.
	if d := inventory.DefaultDeletionPolicy.Decide(10, list); len(d.Gone) != 9 {
		t.Errorf("%+v, want all gone", d)
	}
	// 5 of 9 others are missing now.
	list = append(list, inventory.MissingInstance{UID: uidOf(9), Evidence: inventory.NotFound})
	if d := inventory.DefaultDeletionPolicy.Decide(14, list); len(d.Gone) != 5 || len(d.Held) != 5 || d.NewlyHeld != 5 {
		t.Errorf("%+v, want 5 gone and 5 held", d)
	}
}

func TestDeletionPolicy_Evidence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		evidence inventory.Evidence
		again    bool
		want     string
	}{
		{"not found", inventory.NotFound, false, "gone"},
		{"not found again", inventory.NotFound, true, "gone"},
		{"unlisted", inventory.Unlisted, false, "held"},
		{"unlisted again", inventory.Unlisted, true, "gone"},
		{"inconclusive", inventory.Inconclusive, false, "inconclusive"},
		{"inconclusive again", inventory.Inconclusive, true, "held"},
		{"no evidence", inventory.NoEvidence, false, "inconclusive"},
		{"no evidence again", inventory.NoEvidence, true, "held"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := inventory.DefaultDeletionPolicy.Decide(100, []inventory.MissingInstance{{UID: uidOf(1), Evidence: c.evidence, Again: c.again}})
			got := map[string][]uuid.UUID{"gone": d.Gone, "held": d.Held, "inconclusive": d.Inconclusive}
			if len(got[c.want]) != 1 {
				t.Errorf("%+v, want it %s", d, c.want)
			}
		})
	}
}

func TestDeletions_Failure(t *testing.T) {
	t.Parallel()
	cause := inventory.Failure{Reason: "THROTTLED", Error: "slow down"}
	one := []uuid.UUID{uidOf(1)}
	for _, c := range []struct {
		name      string
		deletions inventory.Deletions
		cause     inventory.Failure
		reason    string
	}{
		{"none", inventory.Deletions{Gone: one}, cause, ""},
		{"held", inventory.Deletions{Held: one}, cause, "HELD"},
		{"inconclusive", inventory.Deletions{Inconclusive: one}, cause, "THROTTLED"},
		{"inconclusive without a reason", inventory.Deletions{Inconclusive: one}, inventory.Failure{}, "UNREACHABLE"},
		{"both", inventory.Deletions{Inconclusive: one, Held: one}, cause, "THROTTLED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.deletions.Failure(c.cause); got.Reason != c.reason || (got.Error == "") != (c.reason == "") {
				t.Errorf("%+v, want the reason %q", got, c.reason)
			}
		})
	}
}

func TestHold_After(t *testing.T) {
	t.Parallel()
	before := &inventory.Hold{Fence: 1, Time: time.Unix(1, 0), Missing: 6, Of: 10}
	obs := &inventory.Observation{Fence: 2, Time: time.Unix(2, 0)}
	two := []uuid.UUID{uidOf(1), uidOf(2)}
	for _, c := range []struct {
		name      string
		hold      *inventory.Hold
		deletions inventory.Deletions
		want      *inventory.Hold
	}{
		{"nothing missing", before, inventory.Deletions{Alive: 10}, nil},
		{"new hold", nil, inventory.Deletions{Held: two, NewlyHeld: 2, Alive: 3}, &inventory.Hold{Fence: 2, Time: time.Unix(2, 0), Missing: 2, Of: 3}},
		{"some remain", before, inventory.Deletions{Held: two, Alive: 8}, &inventory.Hold{Fence: 1, Time: time.Unix(1, 0), Missing: 2, Of: 10}},
		{"more than before", before, inventory.Deletions{Held: two, NewlyHeld: 1, Alive: 8}, &inventory.Hold{Fence: 2, Time: time.Unix(2, 0), Missing: 2, Of: 8}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.hold.After(obs, &c.deletions)
			if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// genMissing draws some of so many instances, each once.
func genMissing(t *rapid.T, alive int) []inventory.MissingInstance {
	list := make([]inventory.MissingInstance, rapid.IntRange(0, alive).Draw(t, "missing"))
	for n := range list {
		list[n] = inventory.MissingInstance{
			UID: uidOf(n),
			Evidence: rapid.SampledFrom([]inventory.Evidence{
				inventory.NoEvidence, inventory.NotFound, inventory.Unlisted, inventory.Inconclusive,
			}).Draw(t, "evidence"),
			Again: rapid.IntRange(0, 3).Draw(t, "again") == 0,
		}
	}
	return list
}

// TestDeletionPolicy_Properties: each missing instance is in one list, nothing is gone without proof, and nothing is gone
// because most of its scope is missing.
func TestDeletionPolicy_Properties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		alive := rapid.IntRange(0, 30).Draw(t, "alive")
		list := genMissing(t, alive)
		d := inventory.DefaultDeletionPolicy.Decide(int64(alive), list)
		var again, newlyHeld int
		for _, m := range list {
			lists := 0
			for _, uids := range [][]uuid.UUID{d.Gone, d.Held, d.Inconclusive} {
				for _, uid := range uids {
					if uid == m.UID {
						lists++
					}
				}
			}
			if lists != 1 {
				t.Fatalf("%+v is in %d lists", m, lists)
			}
			if m.Again {
				again++
			}
			if !m.Again && slices.Contains(d.Held, m.UID) {
				newlyHeld++
			}
		}
		missingNow := len(list) - again
		most := missingNow*2 > alive-again
		for _, m := range list {
			gone := slices.Contains(d.Gone, m.UID)
			conclusive := m.Evidence == inventory.NotFound || m.Evidence == inventory.Unlisted
			switch {
			case gone && !conclusive:
				t.Fatalf("%+v is gone without proof", m)
			case gone && !m.Again && m.Evidence == inventory.Unlisted:
				t.Fatalf("%+v is gone because two answers omitted it", m)
			case gone && !m.Again && most && missingNow >= 5:
				t.Fatalf("%+v is gone although %d of %d are missing", m, missingNow, alive-again)
			case !gone && conclusive && (m.Again || !most && m.Evidence == inventory.NotFound):
				t.Fatalf("%+v is not gone", m)
			case !gone && m.Evidence == inventory.NotFound && missingNow < 5:
				t.Fatalf("%+v is not gone, and few are missing", m)
			}
		}
		if d.NewlyHeld != int64(newlyHeld) || d.Missing() != int64(len(d.Held)+len(d.Inconclusive)) {
			t.Fatalf("%+v of %d", d, len(list))
		}
		if failure := d.Failure(inventory.Failure{Reason: "THROTTLED"}); (failure.Reason != "") != (d.Missing() > 0) ||
			(failure.Reason == "HELD") != (len(d.Held) > 0 && len(d.Inconclusive) == 0) {
			t.Fatalf("%+v because of %+v", d, failure)
		}
	})
}

// TestDeletionPolicy_TwoObservationsAgree: what two observations in a row and the provider agree on is applied.
func TestDeletionPolicy_TwoObservationsAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		alive := rapid.IntRange(1, 30).Draw(t, "alive")
		list := genMissing(t, alive)
		for n := range list {
			list[n].Again = false
			if list[n].Evidence == inventory.NoEvidence || list[n].Evidence == inventory.Inconclusive {
				list[n].Evidence = inventory.Unlisted
			}
		}
		first := inventory.DefaultDeletionPolicy.Decide(int64(alive), list)
		again := slices.DeleteFunc(slices.Clone(list), func(m inventory.MissingInstance) bool { return slices.Contains(first.Gone, m.UID) })
		for n := range again {
			again[n].Again = true
		}
		second := inventory.DefaultDeletionPolicy.Decide(int64(alive-len(first.Gone)), again)
		if second.Missing() > 0 || len(first.Gone)+len(second.Gone) != len(list) {
			t.Fatalf("first %+v, then %+v", first, second)
		}
	})
}
