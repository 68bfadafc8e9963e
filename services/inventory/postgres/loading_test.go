package postgres_test

import (
	"testing"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// If the stored instances can't be read, the snapshot fails, with or without instances.
func TestLoading_Failure(t *testing.T) {
	store, pool := open(t)
	all := machinesOf("eu-west-1", 0, 3)
	apply(t, store, observation("aws-1", "eu-west-1", 1), all...)
	exec(t, pool, `ALTER TABLE instances RENAME content_hash TO hidden`)
	for n, seen := range [][]inventory.Instance{nil, machinesOf("eu-west-1", 0, 1)} {
		_, err := tryApply(t.Context(), store, observation("aws-1", "eu-west-1", int64(n)+2), seen...)
		if fault.KindOf(err) != fault.KindInternal {
			t.Errorf("a snapshot of %d: got %v", len(seen), err)
		}
	}
	exec(t, pool, `ALTER TABLE instances RENAME hidden TO content_hash`)
	if got := apply(t, store, observation("aws-1", "eu-west-1", 4), all...); got != (inventory.Changes{Unchanged: 3}) {
		t.Errorf("got %+v", got)
	}
}

// A snapshot that is closed while it loads leaves nothing behind, and its scope can be claimed.
func TestLoading_Close(t *testing.T) {
	store, _ := open(t)
	all := machinesOf("eu-west-1", 0, 5000)
	apply(t, store, observation("aws-1", "eu-west-1", 1), all...)
	for range 20 {
		snapshot, err := store.ingest.Begin(t.Context(), observation("aws-1", "eu-west-1", 3))
		if err != nil {
			t.Fatal(err)
		}
		if err := snapshot.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := apply(t, store, observation("aws-1", "eu-west-1", 2), all...); got != (inventory.Changes{Unchanged: 5000}) {
		t.Errorf("got %+v", got)
	}
}

// A listing in another order than the rows, with new instances between, has the same result.
func TestLoading_AnyOrder(t *testing.T) {
	store, _ := open(t)
	const size = 5000
	all := machinesOf("eu-west-1", 0, size)
	apply(t, store, observation("aws-1", "eu-west-1", 1), all...)
	shuffled := make([]inventory.Instance, size)
	for n := range shuffled {
		shuffled[n] = all[n*7%size]
	}
	if got := apply(t, store, observation("aws-1", "eu-west-1", 2), shuffled...); got != (inventory.Changes{Unchanged: size}) {
		t.Errorf("shuffled: got %+v", got)
	}
	news := append(machinesOf("eu-west-1", size, size+10), all[20:]...)
	news[2500].MachineType = "resized"
	want := inventory.Changes{Created: 10, Changed: 1, Gone: 20, Unchanged: size - 21}
	if got := apply(t, store, observation("aws-1", "eu-west-1", 3), news...); got != want {
		t.Errorf("with news: got %+v, want %+v", got, want)
	}
}
