package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// Counts that fell to 0 are deleted. One that is being changed is neither deleted nor waited for.
func TestRetention_EmptyCounts(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	many := func(n int, kind string) []inventory.Instance {
		machines := make([]inventory.Instance, n)
		for n := range machines {
			machines[n] = machine("eu-west-1", n)
			machines[n].MachineType = kind
		}
		return machines
	}
	apply(t, store, observation("aws-1", "eu-west-1", 1), many(4, "small")...)
	apply(t, store, observation("aws-1", "eu-west-1", 2), many(4, "large")...)
	apply(t, store, observation("aws-2", "eu-west-1", 3), many(2, "small")...)
	apply(t, store, observation("aws-2", "eu-west-1", 4))
	const emptySQL = `SELECT count(*) FROM instance_counts WHERE count = 0`
	empty := count(t, pool, emptySQL)
	if empty < 3 {
		t.Fatalf("%d counts are empty", empty)
	}
	writer, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = writer.Rollback(t.Context()) }()
	tag, err := writer.Exec(t.Context(), `UPDATE instance_counts SET count = 1 WHERE count = 0 AND facet = 'machine_type' AND account = 'aws-1'`)
	if err != nil || tag.RowsAffected() != 1 {
		t.Fatal(tag, err)
	}
	purge := func() {
		t.Helper()
		if err := store.log.Maintain(t.Context(), time.Now(), 0, 0); err != nil {
			t.Fatal(err)
		}
	}
	purge()
	if left := count(t, pool, emptySQL); left != 1 {
		t.Errorf("%d counts are empty, and one is being written", left)
	}
	if err := writer.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	purge()
	if left := count(t, pool, emptySQL); left != 0 {
		t.Errorf("%d counts are empty", left)
	}
	checkCounts(t, pool)
	apply(t, store, observation("aws-1", "eu-west-1", 5), many(4, "small")...)
	apply(t, store, observation("aws-2", "eu-west-1", 6), many(3, "large")...)
	checkCounts(t, pool)
}

// While counts rise from 0 and fall to it, and empty ones are deleted all the time, they stay
// right.
func TestRetention_EmptyCountsBesideWriters(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	const accounts, rounds = 3, 60
	var writers, purger sync.WaitGroup
	var written atomic.Bool
	for n := range accounts {
		writers.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(n)))
			account := fmt.Sprint("aws-", n)
			for round := range rounds {
				// Machines move between two zones, each a scope, are created and gone.
				location := []string{"a", "b"}[random.IntN(2)]
				var seen []inventory.Instance
				for id := range 6 {
					if random.IntN(3) == 0 {
						continue
					}
					seen = append(seen, inventory.Instance{
						ProviderID: fmt.Sprint("i-", id), State: inventory.StateRunning, Region: "r", Zone: location,
						MachineType: fmt.Sprint("size-", random.IntN(3)),
					})
				}
				if _, err := tryApply(t.Context(), store, observation(account, location, int64(round)+1), seen...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	purges := 0
	purger.Go(func() {
		for !written.Load() {
			if err := store.log.Maintain(t.Context(), time.Now(), 0, 0); err != nil {
				t.Error(err)
			}
			purges++
		}
	})
	writers.Wait()
	written.Store(true)
	purger.Wait()
	checkCounts(t, pool)
	if err := store.log.Maintain(t.Context(), time.Now(), 0, 0); err != nil {
		t.Fatal(err)
	}
	if empty := count(t, pool, `SELECT count(*) FROM instance_counts WHERE count = 0`); empty != 0 {
		t.Errorf("%d counts are empty", empty)
	}
	checkCounts(t, pool)
	t.Logf("%d purges beside %d writes", purges, accounts*rounds)
}
