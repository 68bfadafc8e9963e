package postgres_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// readGaps returns the gaps of all scopes, by the tokens of the observations around them.
func readGaps(t *testing.T, pool *pgxpool.Pool) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), `SELECT start_time, end_time, reason, error FROM observation_gaps ORDER BY start_time`)
	if err != nil {
		t.Fatal(err)
	}
	gaps, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
		var start, end time.Time
		var reason, text string
		err := row.Scan(&start, &end, &reason, &text)
		return fmt.Sprint(stamp(start), "-", stamp(end), " ", reason, " ", text), err
	})
	if err != nil {
		t.Fatal(err)
	}
	return gaps
}

// A gap is a time between two complete observations in which an attempt failed, with the first
// reason, or without an attempt for twice the interval.
func TestGaps(t *testing.T) {
	t.Parallel()
	every := 2 * time.Minute
	observed := func(fence int64, interval time.Duration) func(*testing.T, *store) {
		return func(t *testing.T, s *store) {
			t.Helper()
			obs := observation("aws-1", "eu-west-1", fence)
			obs.SyncInterval = interval
			apply(t, s, obs, machine("eu-west-1", 1))
		}
	}
	failed := func(fence int64, reason string) func(*testing.T, *store) {
		return func(t *testing.T, s *store) {
			t.Helper()
			if err := s.ingest.Fail(t.Context(), observation("aws-1", "eu-west-1", fence), inventory.Failure{Reason: reason, Error: "no " + reason}); err != nil {
				t.Fatal(err)
			}
		}
	}
	account := func(fence int64) func(*testing.T, *store) {
		return func(t *testing.T, s *store) {
			t.Helper()
			obs := observation("aws-1", "eu-west-1", fence)
			obs.Scope = wholeAccount
			if err := s.ingest.Fail(t.Context(), obs, inventory.Failure{Reason: "CREDENTIALS_INVALID", Error: "no key"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	vanished := func(fence int64) func(*testing.T, *store) {
		return func(t *testing.T, s *store) {
			t.Helper()
			snapshot, err := s.ingest.Begin(t.Context(), observation("aws-1", "eu-west-1", fence))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := finishWith(t.Context(), s, snapshot, 0, inventory.Unlisted); err != nil {
				t.Fatal(err)
			}
			if err := snapshot.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	confirmed := func(t *testing.T, s *store) {
		t.Helper()
		if _, err := s.ingest.ConfirmScope(t.Context(), observation("aws-1", "eu-west-1", 1).Scope, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	held := "1-3 HELD 1 of 1 instances vanished at once; they are shown as last seen: confirm that they are gone, or wait for the next complete observation"
	for name, c := range map[string]struct {
		steps []func(*testing.T, *store)
		want  []string
	}{
		"one after the other":             {[]func(*testing.T, *store){observed(1, every), observed(3, every), observed(7, every)}, nil},
		"nobody tried":                    {[]func(*testing.T, *store){observed(1, every), observed(6, every), observed(8, every)}, []string{"1-6 NOT_OBSERVED "}},
		"the interval of the time counts": {[]func(*testing.T, *store){observed(1, every), observed(3, time.Hour), observed(60, every), observed(63, 0), observed(67, every), observed(72, every)}, []string{"67-72 NOT_OBSERVED "}},
		"no interval is known":            {[]func(*testing.T, *store){observed(1, 0), observed(900, 0)}, nil},
		"before the first there is none":  {[]func(*testing.T, *store){failed(1, "THROTTLED"), observed(9, every)}, nil},
		"a try failed":                    {[]func(*testing.T, *store){observed(1, every), failed(2, "THROTTLED"), failed(3, "UNREACHABLE"), observed(4, every), observed(5, every)}, []string{"1-4 THROTTLED no THROTTLED"}},
		"the account failed":              {[]func(*testing.T, *store){observed(1, every), account(2), observed(3, every)}, []string{"1-3 CREDENTIALS_INVALID no key"}},
		"two gaps":                        {[]func(*testing.T, *store){observed(1, every), failed(2, "THROTTLED"), observed(4, every), failed(5, "UNREACHABLE"), observed(6, every)}, []string{"1-4 THROTTLED no THROTTLED", "4-6 UNREACHABLE no UNREACHABLE"}},
		"a newer try failed":              {[]func(*testing.T, *store){observed(1, every), failed(3, "THROTTLED"), observed(2, every), observed(4, every)}, []string{"2-4 THROTTLED no THROTTLED"}},
		"held, and settled":               {[]func(*testing.T, *store){observed(1, every), vanished(2), vanished(3)}, []string{held}},
		"held, and seen again":            {[]func(*testing.T, *store){observed(1, every), vanished(2), observed(3, every)}, []string{held}},
		"held, and confirmed":             {[]func(*testing.T, *store){observed(1, every), vanished(3), confirmed, vanished(4)}, []string{held}},
		"held after a failure":            {[]func(*testing.T, *store){observed(1, every), failed(2, "THROTTLED"), vanished(3), vanished(4)}, []string{"1-4 THROTTLED no THROTTLED"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, pool := open(t)
			for _, step := range c.steps {
				step(t, store)
			}
			if got := readGaps(t, pool); !slices.Equal(got, c.want) {
				t.Errorf("gaps %q, want %q", got, c.want)
			}
		})
	}
}

// The interval and the budgets of an observation stay until another one has others.
func TestIntervalsAndBudgets(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	obs := observation("aws-1", "eu-west-1", 1)
	scope := func() inventory.Scope {
		t.Helper()
		page, err := store.ListScopes(t.Context(), inventory.ScopesRequest{PageSize: 9})
		if err != nil || len(page.Scopes) != 1 {
			t.Fatalf("%+v, %v", page, err)
		}
		return page.Scopes[0]
	}
	complete := func(fence int64, interval time.Duration, budgets ...inventory.APIBudget) inventory.Scope {
		t.Helper()
		obs.Fence, obs.Time, obs.SyncInterval = fence, at(fence), interval
		snapshot, err := store.ingest.Begin(t.Context(), obs)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := snapshot.Missing(0, budgets...); err != nil {
			t.Fatal(err)
		}
		if _, err := snapshot.Complete(t.Context()); err != nil {
			t.Fatal(err)
		}
		return scope()
	}
	budget := inventory.APIBudget{API: "ec2\x00", Location: "eu-west-1", CallsPerSecond: 2.5, MaxCallsPerSecond: 20, ThrottleTime: at(1)}
	if got := complete(1, 0); got.SyncInterval != 0 || len(got.APIBudgets) != 0 {
		t.Errorf("at first %+v", got)
	}
	got := complete(2, time.Minute, budget)
	budget.API = "ec2\uFFFD"
	if got.SyncInterval != time.Minute || len(got.APIBudgets) != 1 || !got.APIBudgets[0].ThrottleTime.Equal(at(1)) || got.APIBudgets[0].API != budget.API {
		t.Errorf("then %+v", got)
	}
	if got := complete(3, 0); got.SyncInterval != time.Minute || len(got.APIBudgets) != 1 {
		t.Errorf("without any: %+v", got)
	}
	obs.Fence, obs.Time, obs.SyncInterval = 4, at(4), time.Hour
	budget.CallsPerSecond = 1
	err := store.ingest.Fail(t.Context(), obs, inventory.Failure{Reason: "THROTTLED", Budgets: []inventory.APIBudget{budget}})
	if got := scope(); err != nil || got.SyncInterval != time.Hour || got.APIBudgets[0].CallsPerSecond != 1 {
		t.Errorf("after a failure %+v, %v", got, err)
	}
	if got := count(t, pool, `SELECT count(*) FROM scopes WHERE first_complete_time = $1 AND last_complete_time = $2`, at(1), at(3)); got != 1 {
		t.Error("the time of the first observation is lost")
	}
}
