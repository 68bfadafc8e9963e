package inventory_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// uidOf is one of a few ids, so that histories meet again and again.
func uidOf(n int) uuid.UUID {
	return inventory.InstanceUID("aws-1", inventory.VirtualMachine, fmt.Sprint("i-", n))
}

func genUID() *rapid.Generator[uuid.UUID] { return rapid.Map(rapid.IntRange(0, 12), uidOf) }

func genHash() *rapid.Generator[inventory.Hash] {
	return rapid.Map(rapid.ByteRange(1, 3), func(b byte) inventory.Hash { return inventory.Hash{b} })
}

func genHeld() *rapid.Generator[inventory.Held] {
	return rapid.Custom(func(t *rapid.T) inventory.Held {
		held := inventory.Held{Hash: genHash().Draw(t, "hash"), Fence: rapid.Int64Range(1, 9).Draw(t, "fence")}
		switch rapid.IntRange(0, 3).Draw(t, "where") {
		case 0:
			held.Gone = true
		case 1:
			held.Elsewhere = true
		}
		return held
	})
}

// Whatever is held and observed: an older observation never decides over a newer
// one, and nothing is written for what is as it was.
func TestDecide(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		held, hash := genHeld().Draw(t, "held"), genHash().Draw(t, "hash")
		fence := rapid.Int64Range(1, 9).Draw(t, "fence")
		switch got := inventory.Decide(&held, fence, hash); got {
		case inventory.Overtaken:
			if held.Fence <= fence {
				t.Fatalf("passed by although token %d is not older than %d", fence, held.Fence)
			}
		case inventory.Unchanged:
			if held.Gone || held.Elsewhere || held.Hash != hash {
				t.Fatalf("unchanged, against %+v", held)
			}
		case inventory.Reappear, inventory.Change:
			if held.Fence > fence {
				t.Fatalf("token %d wrote over %d", fence, held.Fence)
			}
			if held.Gone != (got == inventory.Reappear) {
				t.Fatalf("decision %d of %+v", got, held)
			}
		default:
			t.Fatalf("decision %d of %+v", got, held)
		}
		if inventory.Decide(nil, fence, hash) != inventory.Create {
			t.Fatal("what is not held was not created")
		}
	})
}

// A reconciliation of any snapshot, with any news of single instances in
// between, comes to what deciding each instance by itself at the end comes to.
func TestReconciliation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fence := rapid.Int64Range(1, 9).Draw(t, "fence")
		held := rapid.MapOf(genUID(), genHeld()).Draw(t, "held")
		late := rapid.MapOf(genUID(), genHeld()).Draw(t, "late")
		observed := rapid.SliceOf(genUID()).Draw(t, "observed")
		hashes := rapid.SliceOfN(genHash(), len(observed), len(observed)).Draw(t, "hashes")

		var loaded []inventory.Holding
		alive := map[uuid.UUID]inventory.Held{}
		for uid, h := range held {
			if !h.Gone && !h.Elsewhere {
				alive[uid] = h
				loaded = append(loaded, inventory.Holding{UID: uid, Held: h})
			}
		}
		if rapid.Bool().Draw(t, "in order") {
			slices.SortFunc(loaded, func(a, b inventory.Holding) int {
				return cmp.Compare(uint(slices.Index(observed, a.UID)), uint(slices.Index(observed, b.UID)))
			})
		}
		r := inventory.NewReconciliation(fence, 0, func() (page []inventory.Holding) {
			size := min(2, len(loaded))
			page, loaded = loaded[:size], loaded[size:]
			return page
		})
		first := map[uuid.UUID]inventory.Hash{}
		for n, uid := range observed {
			if got := r.Observe(uid, hashes[n]); (got == inventory.Duplicate) != (first[uid] != inventory.Hash{}) {
				t.Fatalf("observation %d: decision %d", n, got)
			}
			if _, ok := first[uid]; !ok {
				first[uid] = hashes[n]
			}
		}
		for uid, h := range late { // newer observations of single instances
			h.Gone, h.Elsewhere = false, false
			h.Fence += fence
			held[uid], alive[uid] = h, h
			r.Hold(uid, h)
		}
		for _, uid := range r.Fresh() {
			if _, ok := alive[uid]; ok {
				t.Fatalf("%s is held and counts as fresh", uid)
			}
			if h, ok := held[uid]; ok {
				r.Hold(uid, h)
			}
		}
		check(t, r, fence, held, alive, first)
		if r.Observed() != int64(len(observed)) {
			t.Fatalf("%d observed, want %d", r.Observed(), len(observed))
		}
	})
}

func check(t *rapid.T, r *inventory.Reconciliation, fence int64, held, alive map[uuid.UUID]inventory.Held, observed map[uuid.UUID]inventory.Hash) {
	var want inventory.Changes
	for uid, hash := range observed {
		var basis *inventory.Held
		if h, ok := held[uid]; ok {
			basis = &h
		}
		decision := inventory.Decide(basis, fence, hash)
		if got := r.Decision(uid); got != decision {
			t.Fatalf("decision %d for %s, want %d", got, uid, decision)
		}
		switch decision {
		case inventory.Create:
			want.Created++
		case inventory.Change:
			want.Changed++
		case inventory.Reappear:
			want.Reappeared++
		default:
			want.Unchanged++
		}
	}
	if got := r.Changes(); got != want {
		t.Fatalf("changes %+v, want %+v", got, want)
	}
	absent := map[uuid.UUID]bool{}
	for uid, h := range alive {
		if _, ok := observed[uid]; !ok && h.Fence <= fence {
			absent[uid] = true
		}
	}
	got := map[uuid.UUID]bool{}
	for uid := range r.Absent() {
		got[uid] = true
	}
	if !maps.Equal(got, absent) {
		t.Fatalf("absent %v, want %v", slices.Collect(maps.Keys(got)), slices.Collect(maps.Keys(absent)))
	}
}
