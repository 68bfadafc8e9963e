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

// uidOf returns one of a few UIDs, so that histories meet.
func uidOf(n int) uuid.UUID {
	return inventory.InstanceUID("aws-1", inventory.VirtualMachine, fmt.Sprint("i-", n))
}

func genUID() *rapid.Generator[uuid.UUID] { return rapid.Map(rapid.IntRange(0, 12), uidOf) }

func genHash() *rapid.Generator[inventory.Hash] {
	return rapid.Map(rapid.ByteRange(1, 3), func(b byte) inventory.Hash { return inventory.Hash{b} })
}

func genStored() *rapid.Generator[inventory.Stored] {
	return rapid.Custom(func(t *rapid.T) inventory.Stored {
		stored := inventory.Stored{Hash: genHash().Draw(t, "hash"), Fence: rapid.Int64Range(1, 9).Draw(t, "fence")}
		switch rapid.IntRange(0, 3).Draw(t, "where") {
		case 0:
			stored.Gone = true
		case 1:
			stored.Elsewhere = true
		}
		return stored
	})
}

// An older observation never decides over a newer one, and nothing is written for an unchanged
// instance.
func TestDecide_Properties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		stored, hash := genStored().Draw(t, "stored"), genHash().Draw(t, "hash")
		fence := rapid.Int64Range(1, 9).Draw(t, "fence")
		switch got := inventory.Decide(&stored, fence, hash); got {
		case inventory.Overtaken:
			if stored.Fence <= fence {
				t.Fatalf("overtaken although token %d is not older than %d", fence, stored.Fence)
			}
		case inventory.Unchanged:
			if stored.Gone || stored.Elsewhere || stored.Hash != hash {
				t.Fatalf("unchanged, compared with %+v", stored)
			}
		case inventory.Reappear, inventory.Change:
			if stored.Fence > fence {
				t.Fatalf("token %d wrote over %d", fence, stored.Fence)
			}
			if stored.Gone != (got == inventory.Reappear) {
				t.Fatalf("decision %d of %+v", got, stored)
			}
		default:
			t.Fatalf("decision %d of %+v", got, stored)
		}
		if inventory.Decide(nil, fence, hash) != inventory.Create {
			t.Fatal("an instance that is not stored was not created")
		}
	})
}

// A reconciliation of any snapshot, with any observations of single instances in between, has the
// same result as a decision about each instance at the end.
func TestReconciliation_Properties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fence := rapid.Int64Range(1, 9).Draw(t, "fence")
		stored := rapid.MapOf(genUID(), genStored()).Draw(t, "stored")
		late := rapid.MapOf(genUID(), genStored()).Draw(t, "late")
		observed := rapid.SliceOf(genUID()).Draw(t, "observed")
		hashes := rapid.SliceOfN(genHash(), len(observed), len(observed)).Draw(t, "hashes")

		var loaded []inventory.StoredInstance
		alive := map[uuid.UUID]inventory.Stored{}
		for uid, h := range stored {
			if !h.Gone && !h.Elsewhere {
				alive[uid] = h
				loaded = append(loaded, inventory.StoredInstance{UID: uid, Stored: h})
			}
		}
		if rapid.Bool().Draw(t, "in order") {
			slices.SortFunc(loaded, func(a, b inventory.StoredInstance) int {
				return cmp.Compare(uint(slices.Index(observed, a.UID)), uint(slices.Index(observed, b.UID)))
			})
		}
		r := inventory.NewReconciliation(fence, 0, func() (page []inventory.StoredInstance) {
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
			stored[uid], alive[uid] = h, h
			r.Update(uid, h)
		}
		for _, uid := range r.Fresh() {
			if _, ok := alive[uid]; ok {
				t.Fatalf("%s is stored and counts as fresh", uid)
			}
			if h, ok := stored[uid]; ok {
				r.Update(uid, h)
			}
		}
		check(t, r, fence, stored, alive, first)
		if r.Observed() != int64(len(observed)) {
			t.Fatalf("%d observed, want %d", r.Observed(), len(observed))
		}
	})
}

func check(t *rapid.T, r *inventory.Reconciliation, fence int64, stored, alive map[uuid.UUID]inventory.Stored, observed map[uuid.UUID]inventory.Hash) {
	var want inventory.Changes
	for uid, hash := range observed {
		var basis *inventory.Stored
		if h, ok := stored[uid]; ok {
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
	missing := map[uuid.UUID]bool{}
	for uid, h := range alive {
		if _, ok := observed[uid]; !ok && h.Fence <= fence {
			missing[uid] = true
		}
	}
	got := map[uuid.UUID]bool{}
	for uid := range r.Missing() {
		got[uid] = true
	}
	if !maps.Equal(got, missing) {
		t.Fatalf("missing %v, want %v", slices.Collect(maps.Keys(got)), slices.Collect(maps.Keys(missing)))
	}
}

// TestDecide_Cases has one case for each decision, with fences at their limits.
func TestDecide_Cases(t *testing.T) {
	t.Parallel()
	old, changed := inventory.Hash{1}, inventory.Hash{2}
	for _, c := range []struct {
		name   string
		stored *inventory.Stored
		hash   inventory.Hash
		want   inventory.Decision
	}{
		{"not stored", nil, old, inventory.Create},
		{"same content", &inventory.Stored{Hash: old, Fence: 4}, old, inventory.Unchanged},
		{"same fence", &inventory.Stored{Hash: old, Fence: 5}, changed, inventory.Change},
		{"newer fence", &inventory.Stored{Hash: old, Fence: 6}, changed, inventory.Overtaken},
		{"newer fence of a gone instance", &inventory.Stored{Hash: old, Fence: 6, Gone: true}, old, inventory.Overtaken},
		{"other content", &inventory.Stored{Hash: old, Fence: 4}, changed, inventory.Change},
		{"gone", &inventory.Stored{Hash: old, Fence: 4, Gone: true}, old, inventory.Reappear},
		{"in another scope", &inventory.Stored{Hash: old, Fence: 4, Elsewhere: true}, old, inventory.Change},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := inventory.Decide(c.stored, 5, c.hash); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

// reconciliation returns one with token 5 of these stored instances.
func reconciliation(stored ...inventory.StoredInstance) *inventory.Reconciliation {
	return inventory.NewReconciliation(5, int64(len(stored)), func() []inventory.StoredInstance {
		page := stored
		stored = nil
		return page
	})
}

func TestReconciliation_MissingLeavesOutNewer(t *testing.T) {
	t.Parallel()
	r := reconciliation(
		inventory.StoredInstance{UID: uidOf(1), Stored: inventory.Stored{Fence: 5}},
		inventory.StoredInstance{UID: uidOf(2), Stored: inventory.Stored{Fence: 6}},
		inventory.StoredInstance{UID: uidOf(3), Stored: inventory.Stored{Fence: 1}},
	)
	r.Observe(uidOf(3), inventory.Hash{})
	if got := slices.Collect(r.Missing()); !slices.Equal(got, []uuid.UUID{uidOf(1)}) {
		t.Errorf("missing %v, want %v", got, uidOf(1))
	}
	if !r.IsMissing(uidOf(1)) || r.IsMissing(uidOf(3)) || r.IsMissing(uidOf(4)) {
		t.Error("IsMissing does not agree with what was seen")
	}
}

func TestReconciliation_Duplicate(t *testing.T) {
	t.Parallel()
	r := reconciliation()
	first, second := r.Observe(uidOf(1), inventory.Hash{1}), r.Observe(uidOf(1), inventory.Hash{2})
	if first != inventory.Create || second != inventory.Duplicate || r.Observed() != 2 || r.Changes().Created != 1 {
		t.Errorf("decisions %d and %d, %d observed, %+v", first, second, r.Observed(), r.Changes())
	}
}

// TestReconciliation_Evidence expects the most conservative answer to win, in both orders.
func TestReconciliation_Evidence(t *testing.T) {
	t.Parallel()
	for _, order := range [][]inventory.Evidence{
		{inventory.NotFound, inventory.Inconclusive}, {inventory.Inconclusive, inventory.NotFound},
	} {
		r := reconciliation(inventory.StoredInstance{UID: uidOf(1)})
		if got := r.Evidence(uidOf(1)); got != inventory.NoEvidence {
			t.Errorf("before any answer: %d", got)
		}
		for _, evidence := range order {
			r.RecordEvidence(uidOf(1), evidence)
		}
		if got := r.Evidence(uidOf(1)); got != inventory.Inconclusive {
			t.Errorf("after %v: %d", order, got)
		}
	}
}

// TestReconciliation_UpdateAndForget decides again when what is stored turns out to be something else.
func TestReconciliation_UpdateAndForget(t *testing.T) {
	t.Parallel()
	r := reconciliation()
	r.Observe(uidOf(1), inventory.Hash{1})
	r.Update(uidOf(1), inventory.Stored{Hash: inventory.Hash{1}, Gone: true})
	if got := r.Changes(); got.Created != 0 || got.Reappeared != 1 {
		t.Errorf("after Update: %+v", got)
	}
	r.Forget(uidOf(1))
	if got := r.Changes(); got.Created != 1 || got.Reappeared != 0 || len(r.Fresh()) != 1 {
		t.Errorf("after Forget: %+v", got)
	}
}

func TestReconciliation_Alive(t *testing.T) {
	t.Parallel()
	r := reconciliation(inventory.StoredInstance{UID: uidOf(1)}, inventory.StoredInstance{UID: uidOf(2)})
	r.Observe(uidOf(3), inventory.Hash{})
	r.Update(uidOf(3), inventory.Stored{Gone: true})
	r.Observe(uidOf(4), inventory.Hash{})
	r.Update(uidOf(4), inventory.Stored{Elsewhere: true})
	if got := r.Alive(); got != 2 {
		t.Errorf("%d alive, want 2", got)
	}
}
