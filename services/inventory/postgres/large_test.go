package postgres_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres/write"
)

func machinesOf(region string, from, to int) []inventory.Instance {
	all := make([]inventory.Instance, 0, to-from)
	for n := from; n < to; n++ {
		all = append(all, machine(region, n))
	}
	return all
}

// A scope that is too large for memory is staged in a file, which is removed afterwards. An
// unchanged snapshot needs none.
func TestLargeScope(t *testing.T) {
	store, pool := open(t) // first, because the server of the tests must not be in the folder of this test
	t.Setenv("TMPDIR", t.TempDir())
	const size = 3 * write.StageMemory / 800
	all := machinesOf("eu-west-1", 0, size)
	if got := apply(t, store, observation("aws-1", "eu-west-1", 1), all...); got.Created != size {
		t.Fatalf("got %+v", got)
	}
	for n := range all {
		switch n % 3 {
		case 1:
			all[n].MachineType = "resized"
		case 2:
			all[n].ProviderID += "-other"
		}
	}
	got := apply(t, store, observation("aws-1", "eu-west-1", 2), all...)
	if want := (inventory.Changes{Created: size / 3, Changed: size / 3, Gone: size / 3, Unchanged: size - 2*(size/3)}); near(got) != near(want) {
		t.Errorf("got %+v, want about %+v", got, want)
	}
	for _, c := range []struct {
		filter string
		want   int64
	}{{"", size}, {"machine_type = resized", got.Changed}, {`provider_id = "*-other"`, got.Created}} {
		page, err := store.List(t.Context(), inventory.ListRequest{Filter: c.filter, PageSize: 1})
		if err != nil || page.TotalSize != c.want {
			t.Errorf("%s: %d, want %d (%v)", c.filter, page.TotalSize, c.want, err)
		}
	}
	snapshot, err := store.ingest.Begin(t.Context(), observation("aws-1", "eu-west-1", 3))
	if err != nil {
		t.Fatal(err)
	}
	if err := snapshot.Observe(machinesOf("eu-west-1", size, 2*size)...); err != nil {
		t.Fatal(err)
	}
	if files := filesIn(t, os.Getenv("TMPDIR")); files != 1 {
		t.Errorf("%d files while a large snapshot is under way", files)
	}
	if err := snapshot.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if files := filesIn(t, os.Getenv("TMPDIR")); files != 0 {
		t.Errorf("%d files left", files)
	}
	checkUnchanged(t, store, pool, all)
}

// near removes the remainders of the thirds.
func near(c inventory.Changes) inventory.Changes {
	return inventory.Changes{Created: c.Created / 10, Changed: c.Changed / 10, Gone: c.Gone / 10, Unchanged: c.Unchanged / 10}
}

// checkUnchanged checks what an unchanged snapshot writes: no row of an instance, and little of
// the write-ahead log.
func checkUnchanged(t *testing.T, store *store, pool *pgxpool.Pool, all []inventory.Instance) {
	t.Helper()
	exec(t, pool, `VACUUM instances`)
	before := versions(t, pool)
	least := int64(1) << 62
	for fence := int64(4); fence < 10; fence++ {
		start := walPosition(t, pool)
		if got := apply(t, store, observation("aws-1", "eu-west-1", fence), all...); got.Unchanged != int64(len(all)) {
			t.Fatalf("got %+v", got)
		}
		least = min(least, walPosition(t, pool)-start) // others may write at the same time
	}
	if after := versions(t, pool); after != before {
		t.Error("an unchanged snapshot wrote rows of instances")
	}
	if least > 10_000 {
		t.Errorf("an unchanged snapshot wrote %d bytes of log", least)
	}
}

// versions returns a checksum of the versions of all rows.
func versions(t *testing.T, pool *pgxpool.Pool) (sum string) {
	t.Helper()
	const sql = `SELECT md5(string_agg(xmin::text || ctid::text, ',' ORDER BY uid)) FROM instances`
	if err := pool.QueryRow(t.Context(), sql).Scan(&sum); err != nil {
		t.Fatal(err)
	}
	return sum
}

func filesIn(t *testing.T, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// Without space for temporary files the error names that, and nothing is applied.
func TestLargeScope_NoSpace(t *testing.T) {
	store, _ := open(t)
	t.Setenv("TMPDIR", t.TempDir()+"/none")
	all := machinesOf("eu-west-1", 0, 3*write.StageMemory/800)
	_, err := tryApply(t.Context(), store, observation("aws-1", "eu-west-1", 1), all...)
	if fault.KindOf(err) != fault.KindUnavailable {
		t.Fatalf("got %v", err)
	}
	page, err := store.List(t.Context(), inventory.ListRequest{PageSize: 1})
	if err != nil || page.TotalSize != 0 {
		t.Errorf("%d instances, %v", page.TotalSize, err)
	}
	apply(t, store, observation("aws-1", "eu-west-1", 1), all[:10]...)
}
