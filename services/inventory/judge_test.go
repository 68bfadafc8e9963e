package inventory_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// genAbsences are some of as many instances as there are, each absent once.
func genAbsences(t *rapid.T, alive int) []inventory.Absence {
	absent := make([]inventory.Absence, rapid.IntRange(0, alive).Draw(t, "absent"))
	for n := range absent {
		absent[n] = inventory.Absence{
			UID: uidOf(n),
			Evidence: rapid.SampledFrom([]inventory.Evidence{
				inventory.Untold, inventory.NotFound, inventory.Unlisted, inventory.CantTell,
			}).Draw(t, "evidence"),
			Before: rapid.IntRange(0, 3).Draw(t, "before") == 0,
		}
	}
	return absent
}

// Whatever is absent, and whatever the cloud says: each has one end, nothing is
// gone without proof, and nothing is gone because most of its scope vanished.
func TestJudge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		alive := rapid.IntRange(0, 30).Draw(t, "alive")
		absent := genAbsences(t, alive)
		j := inventory.Judge(int64(alive), absent)
		var before, news int
		for _, a := range absent {
			ends := 0
			for _, list := range [][]uuid.UUID{j.Gone, j.Held, j.Untold} {
				for _, uid := range list {
					if uid == a.UID {
						ends++
					}
				}
			}
			if ends != 1 {
				t.Fatalf("%+v has %d ends", a, ends)
			}
			if a.Before {
				before++
			}
			if !a.Before && slices.Contains(j.Held, a.UID) {
				news++
			}
		}
		vanished := len(absent) - before
		most := vanished*2 > alive-before
		for _, a := range absent {
			gone := slices.Contains(j.Gone, a.UID)
			tells := a.Evidence == inventory.NotFound || a.Evidence == inventory.Unlisted
			switch {
			case gone && !tells:
				t.Fatalf("%+v is gone without proof", a)
			case gone && !a.Before && a.Evidence == inventory.Unlisted:
				t.Fatalf("%+v is gone because two answers lacked it", a)
			case gone && !a.Before && most && vanished >= 5:
				t.Fatalf("%+v is gone although %d of %d vanished", a, vanished, alive-before)
			case !gone && tells && (a.Before || !most && a.Evidence == inventory.NotFound):
				t.Fatalf("%+v is not gone", a)
			case !gone && a.Evidence == inventory.NotFound && vanished < 5:
				t.Fatalf("%+v is not gone, and few vanished", a)
			}
		}
		if len(absent) != len(j.Gone)+len(j.Held)+len(j.Untold) || j.New != int64(news) || j.Missing() != int64(len(j.Held)+len(j.Untold)) {
			t.Fatalf("%+v of %d", j, len(absent))
		}
		if failure := j.Failure(inventory.Failure{Reason: "THROTTLED"}); (failure.Reason != "") != (j.Missing() > 0) ||
			(failure.Reason == "HELD") != (len(j.Held) > 0 && len(j.Untold) == 0) {
			t.Fatalf("%+v because of %+v", j, failure)
		}
	})
}

// What two observations say one after the other, and the cloud with them, is
// taken, whatever it is.
func TestTwoObservationsAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		alive := rapid.IntRange(1, 30).Draw(t, "alive")
		absent := genAbsences(t, alive)
		for n := range absent {
			absent[n].Before = false
			if absent[n].Evidence == inventory.Untold || absent[n].Evidence == inventory.CantTell {
				absent[n].Evidence = inventory.Unlisted
			}
		}
		first := inventory.Judge(int64(alive), absent)
		again := slices.DeleteFunc(slices.Clone(absent), func(a inventory.Absence) bool { return slices.Contains(first.Gone, a.UID) })
		for n := range again {
			again[n].Before = true
		}
		second := inventory.Judge(int64(alive-len(first.Gone)), again)
		if second.Missing() > 0 || len(first.Gone)+len(second.Gone) != len(absent) {
			t.Fatalf("first %+v, then %+v", first, second)
		}
	})
}
