package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

const (
	// recovery is how long a rate takes from nothing to the most, in seconds of use.
	recovery = 120
	// oneUse is how much of the time since the last use counts as use, in seconds:
	// an API that nobody calls is not learned about.
	oneUse = 5
)

// leaseSQL counts the time by the clock, and not by the transaction's, which may
// have waited for the row. A bucket holds less while its rate is less. All who
// take several rows take them in one order, so that none wait for each other.
const leaseSQL = `
	INSERT INTO api_budgets AS held (account, location, api, rate, max_rate, tokens, refill_time)
	SELECT account, location, api, rate, rate, burst - asked, clock_timestamp()
	FROM unnest($1::text[], $2::text[], $3::text[], $4::double precision[], $5::double precision[], $6::double precision[])
		AS ask (account, location, api, rate, burst, asked)
	ORDER BY account, location, api
	ON CONFLICT (account, location, api) DO UPDATE SET (rate, max_rate, tokens, refill_time) = (
		SELECT grown, ask.rate,
		       LEAST(GREATEST(ask.burst * grown / ask.rate, 1), held.tokens + held.rate * passed) - ask.asked,
		       GREATEST(held.refill_time, clock_timestamp())
		FROM unnest($1::text[], $2::text[], $3::text[], $4::double precision[], $5::double precision[], $6::double precision[],
		            $7::double precision[]) AS ask (account, location, api, rate, burst, asked, floor),
		     LATERAL (SELECT GREATEST(0, extract(epoch FROM clock_timestamp() - held.refill_time)::double precision) AS passed) AS t,
		     LATERAL (SELECT LEAST(ask.rate, GREATEST(ask.floor, held.rate + ask.rate * LEAST(passed, $8) / $9)) AS grown) AS g
		WHERE (ask.account, ask.location, ask.api) = (held.account, held.location, held.api))
	RETURNING account, location, api, tokens, rate, throttle_time`

// Lease takes tokens out of buckets, in advance if need be, and says how each stood
// before.
func (s *Store) Lease(ctx context.Context, asks []ratelimit.Ask) (map[ratelimit.API]ratelimit.Bucket, error) {
	var (
		accounts, locations, names []string
		rates, bursts, floors      []float64
		tokens                     []float64
	)
	asked := make(map[ratelimit.API]float64, len(asks))
	for i := range asks {
		ask := &asks[i]
		accounts, locations, names = append(accounts, ask.Account), append(locations, ask.Location), append(names, ask.Name)
		rates, bursts, floors = append(rates, ask.Limit.Rate), append(bursts, ask.Limit.Burst), append(floors, ratelimit.Floor(ask.Limit))
		tokens = append(tokens, float64(ask.Tokens))
		asked[ask.API] = float64(ask.Tokens)
	}
	rows, err := s.pool.Query(ctx, leaseSQL, accounts, locations, names, rates, bursts, tokens, floors, oneUse, recovery)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	buckets := make(map[ratelimit.API]ratelimit.Bucket, len(asks))
	var (
		api       ratelimit.API
		b         ratelimit.Bucket
		throttled *time.Time
	)
	_, err = pgx.ForEachRow(rows, []any{&api.Account, &api.Location, &api.Name, &b.Tokens, &b.Rate, &throttled}, func() error {
		b.Tokens += asked[api]
		b.ThrottleTime = orZero(throttled)
		buckets[api] = b
		return nil
	})
	return buckets, postgres.Fault(err)
}

// throttledSQL halves the rate once a second at the most: calls that were made
// together are throttled together.
const throttledSQL = `
	INSERT INTO api_budgets AS held (account, location, api, rate, max_rate, tokens, throttle_time, throttled)
	VALUES ($1, $2, $3, GREATEST($4::double precision / 2, $5), $4, 0, clock_timestamp(), 1)
	ON CONFLICT (account, location, api) DO UPDATE SET (rate, tokens, throttle_time, throttled) = (
		SELECT CASE WHEN anew THEN LEAST(held.max_rate, GREATEST(held.rate / 2, $5)) ELSE held.rate END,
		       CASE WHEN anew THEN LEAST(held.tokens, 0) ELSE held.tokens END,
		       CASE WHEN anew THEN clock_timestamp() ELSE held.throttle_time END,
		       held.throttled + 1
		FROM (SELECT held.throttle_time IS NULL OR held.throttle_time < clock_timestamp() - interval '1 second' AS anew) AS t)
	RETURNING tokens, rate, throttle_time`

// Throttled tells a bucket that the cloud throttled a call.
func (s *Store) Throttled(ctx context.Context, api ratelimit.API, limit ratelimit.APILimit) (ratelimit.Bucket, error) {
	var (
		b    ratelimit.Bucket
		when *time.Time
	)
	err := s.pool.QueryRow(ctx, throttledSQL, api.Account, api.Location, api.Name, limit.Rate, ratelimit.Floor(limit)).
		Scan(&b.Tokens, &b.Rate, &when)
	b.ThrottleTime = orZero(when)
	return b, postgres.Fault(err)
}

// Return puts tokens back. What is too many for the bucket runs over when it is
// next asked.
func (s *Store) Return(ctx context.Context, tokens map[ratelimit.API]float64) error {
	const put = `
		WITH back AS (
			SELECT b.account, b.location, b.api, back.tokens
			FROM unnest($1::text[], $2::text[], $3::text[], $4::double precision[]) AS back (account, location, api, tokens)
			JOIN api_budgets b USING (account, location, api)
			ORDER BY 1, 2, 3 -- One order for all processes: they can't wait for each other.
			FOR UPDATE OF b
		)
		UPDATE api_budgets AS b SET tokens = b.tokens + back.tokens FROM back
		WHERE (b.account, b.location, b.api) = (back.account, back.location, back.api)`
	var (
		accounts, locations, names []string
		counts                     []float64
	)
	for api, count := range tokens {
		accounts, locations, names = append(accounts, api.Account), append(locations, api.Location), append(names, api.Name)
		counts = append(counts, count)
	}
	_, err := s.pool.Exec(ctx, put, accounts, locations, names, counts)
	return postgres.Fault(err)
}
