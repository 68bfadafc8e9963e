package postgres_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-dev/rollcall/migrations"
	"github.com/rollcall-dev/rollcall/services/discovery/jobs"
	"github.com/rollcall-dev/rollcall/services/discovery/postgres"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/sync"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const lease = time.Minute

// newStore returns a store on a database of its own, with a queue without workers.
func newStore(t *testing.T) (*postgres.Store, *pgxpool.Pool) {
	t.Helper()
	db := dbtest.New(t, dbtest.Template{
		Service: postgres.Schema,
		Name:    "with-jobs",
		Version: dbtest.HashFS(migrations.Discovery()),
		Migrate: func(ctx context.Context, url string) error {
			pool, err := postgres.Open(ctx, url, 2, nil)
			if err != nil {
				return err
			}
			defer pool.Close()
			return jobs.Migrate(ctx, pool, nil)
		},
	})
	pool := db.Pool(t)
	queue, err := jobs.NewQueue(pool)
	if err != nil {
		t.Fatal(err)
	}
	return postgres.New(pool, queue), pool
}

func exec(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// queueDue queues what is due and returns how many runs that are.
func queueDue(t *testing.T, s *postgres.Store) int {
	t.Helper()
	n, err := s.QueueDue(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func follow(t *testing.T, s *postgres.Store, accounts ...provider.Account) {
	t.Helper()
	if err := s.Follow(t.Context(), accounts); err != nil {
		t.Fatal(err)
	}
}

// claim claims the queued run of an account.
func claim(t *testing.T, s *postgres.Store, account string) sync.Claim {
	t.Helper()
	run, err := s.QueueRun(t.Context(), account, sync.BySchedule)
	if err != nil {
		t.Fatal(err)
	}
	claimed, err := s.Claim(t.Context(), run.ID, "test", lease)
	if err != nil {
		t.Fatal(err)
	}
	return claimed
}

func conclude(t *testing.T, s *postgres.Store, claim sync.Claim, next time.Duration) {
	t.Helper()
	err := s.Conclude(t.Context(), claim, sync.Outcome{State: sync.RunSucceeded}, next, 0)
	if err != nil {
		t.Fatal(err)
	}
}

// An account is due when it is new, when its settings change, and when its time has come, but
// never while it is paused or has a run.
func TestQueueDue(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	at := time.Now().Add(-time.Hour).Truncate(time.Microsecond)
	a := provider.Account{ID: "a", UpdateTime: at}
	follow(t, s, a, provider.Account{ID: "paused", UpdateTime: at, Paused: true})
	if n := queueDue(t, s); n != 1 {
		t.Fatalf("%d accounts were due, want the new one", n)
	}
	if n := queueDue(t, s); n != 0 {
		t.Errorf("%d accounts were due again while the first has a run", n)
	}
	run := claim(t, s, "a")
	conclude(t, s, run, time.Hour)
	follow(t, s, a)
	if n := queueDue(t, s); n != 0 {
		t.Errorf("%d accounts were due before their time", n)
	}
	a.UpdateTime = at.Add(time.Minute)
	follow(t, s, a)
	if n := queueDue(t, s); n != 1 {
		t.Errorf("%d accounts were due after a change, want 1", n)
	}
	// A change during the run: due again as soon as it ends.
	run = claim(t, s, "a")
	a.UpdateTime = at.Add(2 * time.Minute)
	follow(t, s, a)
	if n := queueDue(t, s); n != 0 {
		t.Errorf("%d accounts were queued beside a run", n)
	}
	conclude(t, s, run, time.Hour)
	if n := queueDue(t, s); n != 1 {
		t.Errorf("%d accounts were due after a change during the run, want 1", n)
	}
	newest, err := s.Newest(t.Context())
	if err != nil || !newest.Equal(a.UpdateTime) {
		t.Errorf("the newest is %s (%v), want %s", newest, err, a.UpdateTime)
	}
}

// A worker that does not have the lease on a run, or no longer has it, writes nothing.
func TestClaim_FencesOtherWorkers(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	follow(t, s, provider.Account{ID: "a", UpdateTime: time.Now()})
	old := claim(t, s, "a")
	if _, err := s.Claim(t.Context(), old.Run, "other", lease); fault.KindOf(err) != fault.KindNotFound {
		t.Errorf("a run was claimed twice: %v", err)
	}
	exec(t, pool, `UPDATE sync_runs SET lease_time = now() - interval '1 second'`)
	reaped, err := s.Reap(t.Context(), lease)
	if err != nil || !slices.Equal(reaped, []string{"a"}) {
		t.Fatalf("reaped %v (%v)", reaped, err)
	}
	successor := claim(t, s, "a")
	if successor.Token <= old.Token {
		t.Errorf("the successor's token %d is not above %d", successor.Token, old.Token)
	}
	scope := []sync.ScopeResult{{ScopeID: provider.ScopeID{Kind: cloud.Database, Location: "x"}, State: sync.ScopeRunning}}
	for name, report := range map[string]func(sync.Claim) error{
		"renew": func(c sync.Claim) error { return s.Renew(t.Context(), c, lease) },
		"plan":  func(c sync.Claim) error { return s.Plan(t.Context(), c, scope) },
		"progress": func(c sync.Claim) error {
			return s.Progress(t.Context(), c, scope, sync.Totals{ScopesTotal: 1})
		},
		"read": func(c sync.Claim) error { return s.Read(t.Context(), c, scope, sync.Totals{ScopesTotal: 1}) },
		"conclude": func(c sync.Claim) error {
			return s.Conclude(t.Context(), c, sync.Outcome{State: sync.RunSucceeded}, 0, 0)
		},
		"abandon": func(c sync.Claim) error { return s.Abandon(t.Context(), c, "why", 0) },
	} {
		forged := sync.Claim{Run: successor.Run, Account: "a", Token: old.Token}
		for _, c := range []sync.Claim{old, forged} {
			if err := report(c); fault.KindOf(err) != fault.KindAborted || fault.ReasonOf(err) != fault.ReasonRunLost {
				t.Errorf("%s by %+v: %v", name, c, err)
			}
		}
	}
	run, err := s.Run(t.Context(), successor.Run)
	if err != nil || run.State != sync.RunRunning || len(run.Scopes) != 0 {
		t.Errorf("the successor's run is %+v (%v)", run, err)
	}
}

// A run whose job no longer delivers it to a worker is reaped, and a run whose job waits is not.
func TestReap_LostJob(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	for name, test := range map[string]struct {
		lose string
		want bool
	}{
		"waits": {`SELECT $1::bigint`, false},
		"gone":  {`DELETE FROM river_job WHERE id = $1`, true},
		"ended": {`UPDATE river_job SET state = 'discarded', finalized_at = now() WHERE id = $1`, true},
		"taken": {`UPDATE river_job SET state = 'running', attempted_at = now() WHERE id = $1`, false},
		"stuck": {`UPDATE river_job SET state = 'running', attempted_at = now() - interval '1 hour' WHERE id = $1`, true},
	} {
		follow(t, s, provider.Account{ID: name, UpdateTime: time.Now()})
		run, err := s.QueueRun(t.Context(), name, sync.ByRequest)
		if err != nil {
			t.Fatal(err)
		}
		var job int64
		err = pool.QueryRow(t.Context(), `UPDATE sync_runs SET create_time = now() - interval '1 hour' WHERE id = $1 RETURNING job_id`, run.ID).Scan(&job)
		if err != nil {
			t.Fatal(err)
		}
		exec(t, pool, test.lose, job)
		reaped, err := s.Reap(t.Context(), lease)
		if err != nil || slices.Contains(reaped, name) != test.want {
			t.Errorf("the job %s: reaped %v (%v), want %t", name, reaped, err, test.want)
		}
	}
}

// An account whose worker dies repeatedly waits longer each time.
func TestReap_DeathsInARow(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	follow(t, s, provider.Account{ID: "a", UpdateTime: time.Now()})
	waits := []time.Duration{0, 10 * time.Second, 20 * time.Second, 40 * time.Second}
	for _, want := range waits {
		claim(t, s, "a")
		exec(t, pool, `UPDATE sync_runs SET lease_time = now() - interval '1 second' WHERE state = 'RUNNING'`)
		if _, err := s.Reap(t.Context(), lease); err != nil {
			t.Fatal(err)
		}
		var wait float64
		err := pool.QueryRow(t.Context(), `SELECT extract(epoch FROM next_sync_time - now())::float8 FROM schedules`).Scan(&wait)
		if err != nil || wait > want.Seconds() || wait < want.Seconds()-5 {
			t.Errorf("it waits %.1f s (%v), want %s", wait, err, want)
		}
	}
	conclude(t, s, claim(t, s, "a"), 0)
	var deaths int
	if err := pool.QueryRow(t.Context(), `SELECT abandoned_in_a_row FROM schedules`).Scan(&deaths); err != nil || deaths != 0 {
		t.Errorf("after a run that ended well, %d deaths count (%v)", deaths, err)
	}
}

// An account that is no longer registered is quiet once no worker can be reading it. Then it can
// be forgotten, unless it was registered again.
func TestMissing(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	at := time.Now()
	follow(t, s, provider.Account{ID: "a", UpdateTime: at})
	run := claim(t, s, "a")
	quiet, err := s.Missing(t.Context(), "a", lease)
	if err != nil || quiet {
		t.Errorf("quiet %t (%v) just after its run was ended", quiet, err)
	}
	if ended, err := s.Run(t.Context(), run.Run); err != nil || ended.State != sync.RunAbandoned {
		t.Errorf("its run is %+v (%v)", ended, err)
	}
	if n := queueDue(t, s); n != 0 {
		t.Errorf("%d accounts were due, and none is registered", n)
	}
	exec(t, pool, `UPDATE sync_runs SET end_time = end_time - interval '1 hour'`)
	if quiet, err = s.Missing(t.Context(), "a", lease); err != nil || !quiet {
		t.Errorf("quiet %t (%v) long after", quiet, err)
	}
	follow(t, s, provider.Account{ID: "a", UpdateTime: at})
	if err := s.Forget(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if known, err := s.Known(t.Context(), "", 10); err != nil || !slices.Equal(known, []string{"a"}) {
		t.Errorf("known are %v (%v), though it came back", known, err)
	}
	if _, err := s.Missing(t.Context(), "a", lease); err != nil {
		t.Fatal(err)
	}
	if err := s.Forget(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if known, err := s.Known(t.Context(), "", 10); err != nil || len(known) != 0 {
		t.Errorf("known are %v (%v), want none", known, err)
	}
}
