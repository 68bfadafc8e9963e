package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

const (
	// recovery is how long a rate takes from zero to its maximum, in seconds of use.
	recovery = 120
	// oneUse is how much of the time since the last use counts as use, in seconds. While
	// nobody calls an API, nothing is learned about its limit.
	oneUse = 5
)

// leaseSQL uses the clock and not the time of the transaction, which may have waited for the
// row. A bucket is smaller while its rate is lower. All statements lock rows in the same order,
// so that none wait for each other.
const leaseSQL = `
	INSERT INTO api_budgets AS bucket (account, location, api, rate, max_rate, tokens, refill_time)
	SELECT account, location, api, rate, rate, burst - asked, clock_timestamp()
	FROM unnest($1::text[], $2::text[], $3::text[], $4::double precision[], $5::double precision[], $6::double precision[])
		AS ask (account, location, api, rate, burst, asked)
	ORDER BY account, location, api
	ON CONFLICT (account, location, api) DO UPDATE SET (rate, max_rate, tokens, refill_time) = (
		SELECT grown, ask.rate,
		       LEAST(GREATEST(ask.burst * grown / ask.rate, 1), bucket.tokens + bucket.rate * passed) - ask.asked,
		       GREATEST(bucket.refill_time, clock_timestamp())
		FROM unnest($1::text[], $2::text[], $3::text[], $4::double precision[], $5::double precision[], $6::double precision[],
		            $7::double precision[]) AS ask (account, location, api, rate, burst, asked, floor),
		     LATERAL (SELECT GREATEST(0, extract(epoch FROM clock_timestamp() - bucket.refill_time)::double precision) AS passed) AS t,
		     LATERAL (SELECT LEAST(ask.rate, GREATEST(ask.floor, bucket.rate + ask.rate * LEAST(passed, $8) / $9)) AS grown) AS g
		WHERE (ask.account, ask.location, ask.api) = (bucket.account, bucket.location, bucket.api))
	RETURNING account, location, api, tokens, rate, throttle_time`

// Lease takes tokens from buckets, in advance if necessary, and returns the buckets as they were
// before.
func (s *Store) Lease(ctx context.Context, asks []ratelimit.Request) (map[ratelimit.API]ratelimit.Bucket, error) {
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

// throttledSQL halves the rate at most once a second, because calls that were made together are
// throttled together.
const throttledSQL = `
	INSERT INTO api_budgets AS bucket (account, location, api, rate, max_rate, tokens, throttle_time, throttled)
	VALUES ($1, $2, $3, GREATEST($4::double precision / 2, $5), $4, 0, clock_timestamp(), 1)
	ON CONFLICT (account, location, api) DO UPDATE SET (rate, tokens, throttle_time, throttled) = (
		SELECT CASE WHEN is_new THEN LEAST(bucket.max_rate, GREATEST(bucket.rate / 2, $5)) ELSE bucket.rate END,
		       CASE WHEN is_new THEN LEAST(bucket.tokens, 0) ELSE bucket.tokens END,
		       CASE WHEN is_new THEN clock_timestamp() ELSE bucket.throttle_time END,
		       bucket.throttled + 1
		FROM (SELECT bucket.throttle_time IS NULL OR bucket.throttle_time < clock_timestamp() - interval '1 second' AS is_new) AS t)
	RETURNING tokens, rate, throttle_time`

// Throttled records that the cloud throttled a call, and returns the bucket.
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

// Return puts tokens back. Tokens above the size of the bucket are dropped at its next use.
func (s *Store) Return(ctx context.Context, tokens map[ratelimit.API]float64) error {
	const put = `
		WITH back AS (
			SELECT b.account, b.location, b.api, back.tokens
			FROM unnest($1::text[], $2::text[], $3::text[], $4::double precision[]) AS back (account, location, api, tokens)
			JOIN api_budgets b USING (account, location, api)
			ORDER BY 1, 2, 3 -- All processes use the same order, so that none wait for each other.
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
