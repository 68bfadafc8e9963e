package postgres_test

import (
	"math"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-dev/rollcall/services/discovery/postgres"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
)

var (
	ec2   = ratelimit.API{Account: "a", Location: "eu-west-1", Name: ratelimit.APIEC2}
	limit = ratelimit.APILimit{Rate: 10, Burst: 50}
)

func take(t *testing.T, s *postgres.Store, tokens int) ratelimit.Bucket {
	t.Helper()
	return takeOf(t, s, ec2, limit, tokens)
}

func takeOf(t *testing.T, s *postgres.Store, api ratelimit.API, limit ratelimit.APILimit, tokens int) ratelimit.Bucket {
	t.Helper()
	buckets, err := s.Lease(t.Context(), []ratelimit.Request{{API: api, Limit: limit, Tokens: tokens}})
	if err != nil || len(buckets) != 1 {
		t.Fatalf("%v, %v", buckets, err)
	}
	return buckets[api]
}

// pass moves all buckets into the past.
func pass(t *testing.T, pool *pgxpool.Pool, span time.Duration) {
	t.Helper()
	exec(t, pool, `UPDATE api_budgets SET refill_time = refill_time - $1::interval, throttle_time = throttle_time - $1::interval`, span)
}

// near reports whether got equals want, apart from the time that the test itself takes.
func near(got, want float64) bool { return got >= want-1e-6 && got < want+9 }

// A new bucket is full. Every lease takes from it, also in advance, and it fills at its rate, up to
// its size.
func TestBudgetBucket(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	if b := take(t, s, 20); b.Tokens != 50 || b.Rate != 10 {
		t.Errorf("a new bucket is %+v", b)
	}
	if b := take(t, s, 40); !near(b.Tokens, 30) {
		t.Errorf("after 20 it is %+v", b)
	}
	if b := take(t, s, 5); !near(b.Tokens, -10) {
		t.Errorf("taken in advance it is %+v", b)
	}
	pass(t, pool, 3*time.Second)
	if b := take(t, s, 1); !near(b.Tokens, 15) {
		t.Errorf("3 s later it is %+v", b)
	}
	pass(t, pool, time.Hour)
	if b := take(t, s, 1); b.Tokens != 50 {
		t.Errorf("an hour later it is %+v", b)
	}
	if err := s.Return(t.Context(), map[ratelimit.API]float64{ec2: 500, {Account: "nobody"}: 1}); err != nil {
		t.Fatal(err)
	}
	if b := take(t, s, 1); b.Tokens != 50 {
		t.Errorf("with too much given back it is %+v", b)
	}
	other := ec2
	other.Location = "us-east-1"
	if b := takeOf(t, s, other, limit, 1); b.Tokens != 50 {
		t.Errorf("another region's is %+v", b)
	}
	// Several at once, some of them new.
	third := ec2
	third.Name = ratelimit.APIRDS
	buckets, err := s.Lease(t.Context(), []ratelimit.Request{
		{API: third, Limit: ratelimit.APILimit{Rate: 2, Burst: 4}, Tokens: 1}, {API: other, Limit: limit, Tokens: 3}, {API: ec2, Limit: limit, Tokens: 2},
	})
	if err != nil || len(buckets) != 3 || buckets[third] != (ratelimit.Bucket{Tokens: 4, Rate: 2}) ||
		!near(buckets[other].Tokens, 49) || !near(buckets[ec2].Tokens, 49) {
		t.Errorf("three buckets are %+v, %v", buckets, err)
	}
}

// Throttling halves the rate, once for calls that were made together, down to the floor. Use
// raises it slowly, up to its maximum; idle time does not.
func TestBudgetLearns(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	throttled := func() ratelimit.Bucket {
		t.Helper()
		b, err := s.Throttled(t.Context(), ec2, limit)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	take(t, s, 1)
	for range 5 {
		if b := throttled(); b.Rate != 5 || b.Tokens > 0 || b.ThrottleTime.IsZero() {
			t.Errorf("throttled it is %+v", b)
		}
	}
	pass(t, pool, time.Minute)
	b := take(t, s, 1)
	if grown := 5 + 10*5.0/120; math.Abs(b.Rate-grown) > 0.1 {
		t.Errorf("after an idle minute the rate is %f, want %f", b.Rate, grown)
	}
	if most := 50 * b.Rate / 10; b.Tokens > most+1e-6 {
		t.Errorf("a slow bucket holds %f, more than %f", b.Tokens, most)
	}
	for range 30 {
		pass(t, pool, 2*time.Second)
		throttled()
	}
	if b := throttled(); b.Rate != ratelimit.Floor(limit) {
		t.Errorf("the rate is %f, and the floor %f", b.Rate, ratelimit.Floor(limit))
	}
	for range 40 {
		pass(t, pool, 4*time.Second)
		b = take(t, s, 1)
	}
	if b.Rate != limit.Rate {
		t.Errorf("long after the last throttling the rate is %f", b.Rate)
	}
	// A smaller share holds at once.
	if b := takeOf(t, s, ec2, ratelimit.APILimit{Rate: 2, Burst: 10}, 1); b.Rate != 2 || b.Tokens > 10 {
		t.Errorf("with a smaller share it is %+v", b)
	}
}

// An account may be throttled before its first call, because of its own users.
func TestBudgetThrottledFirst(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	b, err := s.Throttled(t.Context(), ec2, limit)
	if err != nil || b.Rate != 5 || b.Tokens != 0 {
		t.Errorf("it is %+v, %v", b, err)
	}
}

// The buckets of an account are deleted with it.
func TestBudgetForgotten(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	follow(t, s, provider.Account{ID: "a", UpdateTime: time.Now()})
	take(t, s, 1)
	if _, err := s.Missing(t.Context(), "a", lease); err != nil {
		t.Fatal(err)
	}
	if err := s.Forget(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM api_budgets`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d buckets are left (%v)", left, err)
	}
}
