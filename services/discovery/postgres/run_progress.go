package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/discovery/sync"
)

// Plan stores the scopes of a run that has just begun.
func (s *Store) Plan(ctx context.Context, claim sync.Claim, scopes []sync.ScopeResult) error {
	return s.Progress(ctx, claim, scopes, sync.Totals{ScopesTotal: len(scopes)})
}

// Progress stores the scopes of a run that have changed, and the totals.
func (s *Store) Progress(ctx context.Context, claim sync.Claim, changed []sync.ScopeResult, totals sync.Totals) error {
	return s.progress(ctx, claim, changed, totals, false)
}

// Read stores the result of reading all scopes.
func (s *Store) Read(ctx context.Context, claim sync.Claim, scopes []sync.ScopeResult, totals sync.Totals) error {
	return s.progress(ctx, claim, scopes, totals, true)
}

func (s *Store) progress(
	ctx context.Context, claim sync.Claim, changed []sync.ScopeResult, totals sync.Totals, read bool,
) error {
	const progress = `
		UPDATE sync_runs
		SET scopes_total = $3, scopes_done = $4, scopes_failed = $5, instances_seen = $6, revision = revision + 1,
		    read_time = CASE WHEN $7 THEN now() END
		WHERE id = $1 AND fencing_token = $2 AND state = 'RUNNING'`
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, progress, claim.Run, claim.Token,
			totals.ScopesTotal, totals.ScopesDone, totals.ScopesFailed, totals.InstancesSeen, read)
		if err := checkClaim(claim, tag, err); err != nil {
			return err
		}
		return putScopes(ctx, tx, claim, changed)
	})
}

// scopeColumns are the scopes of a run as arguments of unnest: one slice for each column.
type scopeColumns struct {
	kinds, locations, states, errors, reasons []string
	starts, ends                              []*time.Time
	seen, created, changed, gone, reappeared  []int64
	missing                                   []int64
	requests, throttled                       []int
}

func columnsOf(scopes []sync.ScopeResult) *scopeColumns {
	c := &scopeColumns{}
	for i := range scopes {
		s := &scopes[i]
		c.kinds = append(c.kinds, string(s.Kind))
		c.locations = append(c.locations, s.Location)
		c.states = append(c.states, string(s.State))
		c.errors = append(c.errors, s.Error)
		c.reasons = append(c.reasons, string(s.Reason))
		c.starts = append(c.starts, orNull(s.StartTime))
		c.ends = append(c.ends, orNull(s.EndTime))
		c.seen = append(c.seen, s.InstancesSeen)
		c.created = append(c.created, s.Created)
		c.changed = append(c.changed, s.Changed)
		c.gone = append(c.gone, s.Gone)
		c.reappeared = append(c.reappeared, s.Reappeared)
		c.missing = append(c.missing, s.Missing)
		c.requests = append(c.requests, s.Requests)
		c.throttled = append(c.throttled, s.Throttled)
	}
	return c
}

// putScopes stores scopes of a run, in place of those that are stored.
func putScopes(ctx context.Context, tx pgx.Tx, claim sync.Claim, scopes []sync.ScopeResult) error {
	if len(scopes) == 0 {
		return nil
	}
	const put = `
		INSERT INTO sync_run_scopes AS stored
			(run, kind, location, state, error, error_reason, start_time, end_time,
			 instances_seen, created, changed, gone, reappeared, requests, throttled, missing)
		SELECT $1, new.* FROM unnest(
			$2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[],
			$9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::integer[], $15::integer[], $16::bigint[]) AS new
		ON CONFLICT (run, kind, location) DO UPDATE SET
			state = excluded.state, error = excluded.error, error_reason = excluded.error_reason,
			start_time = excluded.start_time, end_time = excluded.end_time,
			instances_seen = excluded.instances_seen, created = excluded.created, changed = excluded.changed,
			gone = excluded.gone, reappeared = excluded.reappeared,
			requests = excluded.requests, throttled = excluded.throttled, missing = excluded.missing
		WHERE (stored.state, stored.instances_seen, stored.requests, stored.throttled)
			IS DISTINCT FROM (excluded.state, excluded.instances_seen, excluded.requests, excluded.throttled)`
	c := columnsOf(scopes)
	_, err := tx.Exec(ctx, put, claim.Run, c.kinds, c.locations, c.states, c.errors, c.reasons, c.starts, c.ends,
		c.seen, c.created, c.changed, c.gone, c.reappeared, c.requests, c.throttled, c.missing)
	return err
}
