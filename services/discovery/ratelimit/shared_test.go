package ratelimit_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/rollcall-dev/rollcall/migrations"
	"github.com/rollcall-dev/rollcall/services/discovery/postgres"
	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func newPool(t *testing.T) *pgxpool.Pool {
	t.Helper()
	return dbtest.New(t, dbtest.Template{
		Service: postgres.Schema,
		Version: dbtest.HashFS(migrations.Discovery()),
		Migrate: func(ctx context.Context, url string) error {
			return kit.Migrate(ctx, url, migrations.Discovery(), postgres.Schema)
		},
	}).Pool(t)
}

// process is a budget as one process has it.
func process(t *testing.T, pool *pgxpool.Pool, share float64, registry ...prometheus.Registerer) *ratelimit.Shared {
	t.Helper()
	var metrics prometheus.Registerer = prometheus.NewRegistry()
	if len(registry) > 0 {
		metrics = registry[0]
	}
	return ratelimit.New(postgres.New(pool, nil), share, metrics, slog.New(slog.NewTextHandler(t.Output(), nil)))
}

// sql has 60 calls at once and 3 a second: of a twentieth, 3 at once and one in
// about 7 s.
var sql = ratelimit.API{Account: "gcp-a", Location: ratelimit.GlobalLocation, Name: ratelimit.APISQLAdmin}

const twentieth = 0.05

// now is a context of who does not wait.
func now(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// Processes share what there is, however many of them ask at once; who would get
// its turn too late is told so at once.
func TestSharedByProcesses(t *testing.T) {
	t.Parallel()
	pool := newPool(t)
	var all sync.WaitGroup
	var taken atomic.Int64
	for range 4 {
		p := process(t, pool, twentieth)
		for range 5 {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				err := p.Take(ctx, sql)
				late, isLate := errors.AsType[*ratelimit.TooLateError](err)
				switch {
				case err == nil:
					taken.Add(1)
				case !isLate || late.API != sql || late.Rate <= 0:
					t.Errorf("it failed with %v", err)
				}
			})
		}
	}
	all.Wait()
	// Two more than there are at once are good only after 7 s and 13 s.
	if n := taken.Load(); n < 1 || n > 4 {
		t.Errorf("%d calls at once, of 3 that there are", n)
	}
}

// What one process does not use another can.
func TestUnusedIsGivenBack(t *testing.T) {
	t.Parallel()
	pool := newPool(t)
	one, other := process(t, pool, twentieth), process(t, pool, twentieth)
	if err := one.Take(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := one.Run(ctx); err != nil { // Ends at once, and gives all back.
		t.Fatal(err)
	}
	for i := range 2 {
		if err := other.Take(now(t), sql); err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
}

// A call that is given up gives its turn back, and ends with why.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	p := process(t, newPool(t), twentieth)
	for range 3 {
		if err := p.Take(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Take(ctx, sql) }()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("given up, it ended with %v", err)
	}
}

// Throttling slows all processes down, and is told; other regions are as they were.
func TestThrottled(t *testing.T) {
	t.Parallel()
	pool := newPool(t)
	registry := prometheus.NewRegistry()
	one, other := process(t, pool, 1, registry), process(t, pool, 1)
	here := ratelimit.API{Account: "a", Location: "eu-west-1", Name: ratelimit.APIEC2}
	there := ratelimit.API{Account: "a", Location: "us-east-1", Name: ratelimit.APIEC2}
	for _, api := range []ratelimit.API{here, there} {
		if err := one.Take(t.Context(), api); err != nil {
			t.Fatal(err)
		}
		one.Report(t.Context(), api, false)
	}
	one.Report(t.Context(), here, true)
	if err := other.Take(t.Context(), here); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*ratelimit.Shared{one, other} {
		states := p.States([]ratelimit.API{here})
		if len(states) != 1 || states[0].Rate > 11 || states[0].MaxRate != 20 || states[0].ThrottleTime.IsZero() {
			t.Errorf("throttled it stands at %+v", states)
		}
	}
	if states := one.States([]ratelimit.API{there, {Account: "unknown"}}); len(states) != 1 || states[0].Rate != 20 || !states[0].ThrottleTime.IsZero() {
		t.Errorf("another region's stands at %+v", states)
	}
	want := `
# HELP rollcall_discovery_cloud_calls_total Calls to the clouds, each repetition for itself, by API and whether the cloud throttled them.
# TYPE rollcall_discovery_cloud_calls_total counter
rollcall_discovery_cloud_calls_total{api="ec2",throttled="false"} 2
rollcall_discovery_cloud_calls_total{api="ec2",throttled="true"} 1
# HELP rollcall_discovery_api_budget_rate_ratio_min The rate of the slowest API budget that this process uses, as a part of the most that it may be: below 1 after throttling.
# TYPE rollcall_discovery_api_budget_rate_ratio_min gauge
rollcall_discovery_api_budget_rate_ratio_min{api="ec2"} 0.5
`
	err := testutil.GatherAndCompare(registry, strings.NewReader(want), "rollcall_discovery_cloud_calls_total", "rollcall_discovery_api_budget_rate_ratio_min")
	if err != nil {
		t.Error(err)
	}
}

// While the database is away calls go on, and slow down by themselves when they
// are throttled.
func TestStoreAway(t *testing.T) {
	t.Parallel()
	pool := newPool(t)
	p := process(t, pool, 1)
	api := ratelimit.API{Account: "a", Location: "eu-west-1", Name: ratelimit.APIEC2}
	if err := p.Take(t.Context(), api); err != nil {
		t.Fatal(err)
	}
	pool.Close()
	for range 4 {
		if err := p.Take(t.Context(), api); err != nil {
			t.Fatal(err)
		}
	}
	p.Report(t.Context(), api, true)
	if states := p.States([]ratelimit.API{api}); len(states) != 1 || states[0].Rate != 10 {
		t.Errorf("it stands at %+v", states)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Run(ctx); err != nil {
		t.Error(err)
	}
}

// What is prepared needs no database any more.
func TestPrepare(t *testing.T) {
	t.Parallel()
	pool := newPool(t)
	p := process(t, pool, 1)
	var apis []ratelimit.API
	for _, location := range []string{"b", "a", "c"} {
		apis = append(apis, ratelimit.API{Account: "a", Location: location, Name: ratelimit.APIEC2})
	}
	p.Prepare(t.Context(), apis)
	p.Prepare(t.Context(), apis)
	var leased float64
	if err := pool.QueryRow(t.Context(), `SELECT sum(100 - tokens) FROM api_budgets`).Scan(&leased); err != nil || leased != 6 {
		t.Errorf("%f calls are leased (%v), want 2 of each", leased, err)
	}
	pool.Close()
	for _, api := range apis {
		for range 2 {
			if err := p.Take(now(t), api); err != nil {
				t.Errorf("%v: %v", api, err)
			}
		}
	}
}
