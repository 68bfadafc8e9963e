package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres/write"
)

// columns are those of a row of instances, by name, as JSON.
type columns map[string]any

// change is a row of the log.
type change struct {
	revision    int64
	time        time.Time
	uid, typ    string
	observed    time.Time
	was, became columns
}

// readLog returns the changes after a revision, in their order.
func readLog(pool *pgxpool.Pool, after int64) ([]change, error) {
	const sql = `SELECT revision, time, uid::text, type, observe_time, was, became FROM changes WHERE revision > $1 ORDER BY revision`
	rows, err := pool.Query(context.Background(), sql, after)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c change, err error) {
		err = row.Scan(&c.revision, &c.time, &c.uid, &c.typ, &c.observed, &c.was, &c.became)
		return c, err
	})
}

// readInstances returns the instances by UID, without bookkeeping.
func readInstances(pool *pgxpool.Pool) (map[string]columns, error) {
	rows, err := pool.Query(context.Background(), `SELECT uid::text, to_jsonb(instances) - '{fence,observe_time}'::text[] FROM instances`)
	if err != nil {
		return nil, err
	}
	instances := map[string]columns{}
	var uid string
	var row []byte
	_, err = pgx.ForEachRow(rows, []any{&uid, &row}, func() error {
		var c columns
		err := json.Unmarshal(row, &c)
		instances[uid] = c
		return err
	})
	return instances, err
}

// replica is a copy of the inventory that is kept by the log alone, except for the content of new
// instances, and the log itself.
type replica struct {
	instances map[string]columns
	log       []change
}

// follow applies the new changes of the log, and compares the copy with the inventory.
func (r *replica) follow(pool *pgxpool.Pool) error {
	changes, err := readLog(pool, int64(len(r.log)))
	if err != nil {
		return err
	}
	now, err := readInstances(pool)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if err := r.take(c, now); err != nil {
			return fmt.Errorf("change %+v: %w", c, err)
		}
	}
	if !reflect.DeepEqual(r.instances, now) {
		return fmt.Errorf("the log leads to %v, and the inventory is %v", r.instances, now)
	}
	return nil
}

func (r *replica) take(c change, now map[string]columns) error {
	row, there := r.instances[c.uid]
	gone := there && row["gone_time"] != nil
	left := c.became["gone_time"] != nil
	switch {
	case c.revision != int64(len(r.log))+1:
		return fmt.Errorf("it follows revision %d", len(r.log))
	case len(r.log) > 0 && c.time.Before(r.log[len(r.log)-1].time):
		return fmt.Errorf("it is older than the one before it")
	case c.typ == "CREATED" && (there || c.was != nil || c.became != nil):
		return fmt.Errorf("it exists")
	case c.typ != "CREATED" && (!there || len(c.was) == 0 || len(c.was) != len(c.became)):
		return fmt.Errorf("nothing changed")
	case c.typ == "GONE" && (gone || !left), c.typ == "REAPPEARED" && (!gone || left), c.typ == "CHANGED" && (gone || left):
		return fmt.Errorf("that is not the change of %v", row)
	}
	r.log = append(r.log, c)
	if c.typ == "CREATED" {
		r.instances[c.uid] = now[c.uid]
		return nil
	}
	row = maps.Clone(row)
	for name, was := range c.was {
		became, reported := c.became[name]
		if !reported || reflect.DeepEqual(was, became) || !reflect.DeepEqual(was, row[name]) {
			return fmt.Errorf("%s was %v", name, row[name])
		}
		row[name] = became
	}
	r.instances[c.uid] = row
	return nil
}

// rewind undoes the whole log, from the inventory back to nothing.
func (r *replica) rewind() error {
	instances := maps.Clone(r.instances)
	for n := len(r.log) - 1; n >= 0; n-- {
		c := r.log[n]
		row := maps.Clone(instances[c.uid])
		for name, became := range c.became {
			if !reflect.DeepEqual(row[name], became) {
				return fmt.Errorf("undoing %+v: %s is %v", c, name, row[name])
			}
			row[name] = c.was[name]
		}
		instances[c.uid] = row
		if c.typ == "CREATED" {
			delete(instances, c.uid)
		}
	}
	if len(instances) > 0 {
		return fmt.Errorf("before the first change there was %v", instances)
	}
	return nil
}

// With many writers at once, to their own scopes and to shared ones, the log has no holes, and a
// reader that continues from its last revision gets each change once and in order.
func TestLog_OrderOfCommits(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	const writers, rounds = 8, 25
	done := make(chan struct{})
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			own, shared := fmt.Sprint("own-", w), fmt.Sprint("shared-", w%2)
			for round := range rounds {
				fence := int64(round*writers + w + 1)
				m := machine(own, w)
				m.DisplayName = fmt.Sprint(round)
				// Conflicts with another writer do not matter here.
				_, _ = tryApply(t.Context(), store, observation("aws-1", own, fence), m, machine(own, 1000*w+round))
				single := machine(shared, w%2)
				single.DisplayName = fmt.Sprint(w, round)
				_, _ = store.ingest.Upsert(t.Context(), observation("aws-1", shared, fence), single)
			}
		})
	}
	go func() { group.Wait(); close(done) }()

	var last int64
	var log []change
	for ended := false; ; {
		select {
		case <-done:
			ended = true
		default:
		}
		more, err := readLog(pool, last)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range more {
			if c.revision != last+1 {
				t.Fatalf("revision %d came after %d", c.revision, last)
			}
			last = c.revision
		}
		log = append(log, more...)
		if ended {
			break
		}
	}
	var head int64
	if err := pool.QueryRow(t.Context(), `SELECT revision FROM change_head`).Scan(&head); err != nil {
		t.Fatal(err)
	}
	if head != last || len(log) < writers*rounds {
		t.Errorf("saw %d changes up to %d of %d", len(log), last, head)
	}
	r := &replica{instances: map[string]columns{}}
	if err := r.rewindable(log, pool); err != nil {
		t.Error(err)
	}
}

// rewindable checks that a log which was read while it grew leads to the inventory.
func (r *replica) rewindable(log []change, pool *pgxpool.Pool) (err error) {
	if r.instances, err = readInstances(pool); err != nil {
		return err
	}
	r.log = log
	return r.rewind()
}

// The log of a large first snapshot is written in another way than that of a small one.
func TestLog_LargeScope(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	r := &replica{instances: map[string]columns{}}
	all := machinesOf("eu-west-1", 0, 3*write.FewCreated)
	apply(t, store, observation("aws-1", "eu-west-1", 1), all...)
	if err := r.follow(pool); err != nil {
		t.Fatal(err)
	}
	// Created, changed and gone in one snapshot: more than a few of each.
	next := machinesOf("eu-west-1", write.FewCreated, 5*write.FewCreated)
	for n := range write.FewCreated {
		next[n].MachineType = "resized"
	}
	got := apply(t, store, observation("aws-1", "eu-west-1", 2), next...)
	if got.Created != 2*write.FewCreated || got.Changed != write.FewCreated || got.Gone != write.FewCreated {
		t.Errorf("got %+v", got)
	}
	if err := r.follow(pool); err != nil {
		t.Fatal(err)
	}
	if err := r.rewind(); err != nil {
		t.Error(err)
	}
	for _, c := range r.log {
		want := at(1)
		if c.revision > 3*write.FewCreated {
			want = at(2)
		}
		if !c.observed.Equal(want) {
			t.Fatalf("change %+v was observed at %s", c, c.observed)
		}
	}
}

// An instance that moves to another scope is changed, and neither gone nor created.
func TestLog_Move(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	r := &replica{instances: map[string]columns{}}
	apply(t, store, observation("aws-1", "a", 1), machine("a", 1), machine("a", 2))
	if err := r.follow(pool); err != nil {
		t.Fatal(err)
	}
	apply(t, store, observation("aws-1", "b", 2), machine("a", 1))
	if err := r.follow(pool); err != nil {
		t.Fatal(err)
	}
	last := r.log[len(r.log)-1]
	scope := func(region string) string {
		return inventory.ScopeKey{Account: "aws-1", Kind: inventory.VirtualMachine, Location: region}.UID().String()
	}
	if len(r.log) != 3 || last.typ != "CHANGED" || last.was["scope"] != scope("a") || last.became["scope"] != scope("b") || len(last.was) != 2 {
		t.Errorf("the log says %+v", last)
	}
}

// Instances move between scopes, go and reappear, listed by several scopes at once. There is no
// deadlock and no error except for a newer observation, and each instance is in one scope with one
// history.
func TestLog_MovesAtOnce(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	const writers, rounds = 6, 30
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for round := range rounds {
				fence := int64(round*writers + w + 1)
				obs := observation("aws-1", string(rune('a'+w%3)), fence)
				var err error
				if (w+round)%3 == 0 {
					_, err = store.ingest.Upsert(t.Context(), obs, machine("x", (w+round)%5))
				} else {
					_, err = tryApply(t.Context(), store, obs, machine("x", (w+round)%5), machine("x", (w+2*round)%5))
				}
				if err != nil && fault.ReasonOf(err) != fault.ReasonStaleObservation {
					t.Errorf("writer %d, round %d: %v", w, round, err)
				}
			}
		})
	}
	group.Wait()
	const countSQL = `
		SELECT count(*) FROM scopes s
		WHERE instance_count <> (SELECT count(*) FROM instances i WHERE i.scope = s.uid AND gone_time IS NULL)`
	var wrong int
	if err := pool.QueryRow(t.Context(), countSQL).Scan(&wrong); err != nil || wrong != 0 {
		t.Errorf("%d scopes count wrong, %v", wrong, err)
	}
	log, err := readLog(pool, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&replica{instances: map[string]columns{}}).rewindable(log, pool); err != nil {
		t.Error(err)
	}
	alive := map[string]bool{}
	for _, c := range log {
		if alive[c.uid] != (c.typ == "CHANGED" || c.typ == "GONE") {
			t.Errorf("%+v, and it existed: %v", c, alive[c.uid])
		}
		alive[c.uid] = c.typ != "GONE"
	}
}
