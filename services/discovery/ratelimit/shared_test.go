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

// process returns the rate limits as one process has them.
func process(t *testing.T, pool *pgxpool.Pool, share float64, registry ...prometheus.Registerer) *ratelimit.Shared {
	t.Helper()
	var metrics prometheus.Registerer = prometheus.NewRegistry()
	if len(registry) > 0 {
		metrics = registry[0]
	}
	return ratelimit.New(postgres.New(pool, nil), share, metrics, slog.New(slog.NewTextHandler(t.Output(), nil)))
}

// sql allows 60 calls at once and 3 each second. A twentieth of that is 3 at once and one in about
// 7 s.
var sql = ratelimit.API{Account: "gcp-a", Location: ratelimit.GlobalLocation, Name: ratelimit.APISQLAdmin}

const twentieth = 0.05

// now returns a context for a call that must not wait.
func now(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// Several processes share the limit. A call that would come too late fails at once.
func TestShared_SeveralProcesses(t *testing.T) {
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
					t.Errorf("the call failed with %v", err)
				}
			})
		}
	}
	all.Wait()
	// The next two calls would be allowed after 7 s and 13 s.
	if n := taken.Load(); n < 1 || n > 4 {
		t.Errorf("%d calls at once, want at most 3", n)
	}
}

// Another process can use calls that one process leased and did not use.
func TestShared_ReturnsUnused(t *testing.T) {
	t.Parallel()
	pool := newPool(t)
	one, other := process(t, pool, twentieth), process(t, pool, twentieth)
	if err := one.Take(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := one.Run(ctx); err != nil { // Ends at once, and returns all leased calls.
		t.Fatal(err)
	}
	for i := range 2 {
		if err := other.Take(now(t), sql); err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
}

// A call that is cancelled while it waits returns the context's error.
func TestShared_Cancelled(t *testing.T) {
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
		t.Errorf("the cancelled call returned %v", err)
	}
}

// Throttling slows down all processes and appears in metrics and states. Other regions do not change.
func TestShared_Throttled(t *testing.T) {
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
			t.Errorf("states after throttling: %+v", states)
		}
	}
	if states := one.States([]ratelimit.API{there, {Account: "unknown"}}); len(states) != 1 || states[0].Rate != 20 || !states[0].ThrottleTime.IsZero() {
		t.Errorf("states of another region: %+v", states)
	}
	want := `
# HELP rollcall_discovery_cloud_calls_total Calls to providers, including repeated ones, by API and by whether the provider throttled them.
# TYPE rollcall_discovery_cloud_calls_total counter
rollcall_discovery_cloud_calls_total{api="ec2",throttled="false"} 2
rollcall_discovery_cloud_calls_total{api="ec2",throttled="true"} 1
# HELP rollcall_discovery_api_budget_rate_ratio_min The lowest rate limit of an API that this process uses, as a share of its upper limit; below 1 after throttling.
# TYPE rollcall_discovery_api_budget_rate_ratio_min gauge
rollcall_discovery_api_budget_rate_ratio_min{api="ec2"} 0.5
`
	err := testutil.GatherAndCompare(registry, strings.NewReader(want), "rollcall_discovery_cloud_calls_total", "rollcall_discovery_api_budget_rate_ratio_min")
	if err != nil {
		t.Error(err)
	}
}

// While the database is away, calls go on, and slow down if they are throttled.
func TestShared_DatabaseAway(t *testing.T) {
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
		t.Errorf("states: %+v", states)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Run(ctx); err != nil {
		t.Error(err)
	}
}

// Prepared calls need no database.
func TestShared_Prepare(t *testing.T) {
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
