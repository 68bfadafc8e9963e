package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// goesOnSQL is the condition on a scope (alias s) that it is out of sight now,
// since its last complete observation. It is how gaps begin: see
// observation_gaps.
const goesOnSQL = `(s.gap_reason <> '' OR s.last_error_reason <> '' OR s.hold_fence IS NOT NULL
	OR s.last_complete_time < now() - 2 * s.sync_interval)`

// goesOnReasonSQL and goesOnErrorSQL say why.
const (
	goesOnReasonSQL = `COALESCE(NULLIF(s.gap_reason, ''), NULLIF(s.last_error_reason, ''),
		CASE WHEN s.hold_fence IS NOT NULL THEN '` + inventory.ReasonHeld + `' END, '` + inventory.ReasonNotObserved + `')`
	goesOnErrorSQL = `COALESCE(NULLIF(s.gap_error, ''), s.last_error)`
)

// scopesAsOf stands after FROM: the scopes at a time, which is given as an SQL
// expression. Where one was out of sight then, in_gap is true and the gap beside
// it; last_complete_time is the time that it was surely not last observed before:
// with each observation not kept, that is
//
//	in a gap                                 the last observation before it: exact
//	not observed since                       the last one: exact
//	else                                     twice the interval before, as more would be a gap;
//	                                         not before the first one, or the end of the gap before
//
// An account that left the roll and came back was in a gap in between; of the time
// before it all that is known of its scopes are their gaps. A scope that was not
// read any more by then, and had nothing in it, is left out; see inUseSQL.
func scopesAsOf(at string) string {
	return `(
		SELECT s.uid, s.account, s.provider, s.kind, s.location,
			gap.reason IS NOT NULL AS in_gap, gap.start_time AS gap_start, gap.end_time AS gap_end,
			gap.reason AS gap_reason, gap.error AS gap_error,
			CASE
				WHEN gap.reason IS NOT NULL THEN gap.start_time
				WHEN s.last_complete_time <= ` + at + ` THEN s.last_complete_time
				ELSE GREATEST(s.first_complete_time, ` + at + ` - 2 * s.sync_interval, before.end_time)
			END AS last_complete_time
		FROM scopes s
		LEFT JOIN LATERAL (
			SELECT g.*, g.reason = '` + inventory.ReasonRemoved + `' AND s.first_complete_time IS NULL AND g.start_time = (
				SELECT max(start_time) FROM observation_gaps WHERE scope = s.uid
			) AS removed
			FROM observation_gaps g WHERE g.scope = s.uid AND g.start_time < ` + at + `
			ORDER BY g.start_time DESC LIMIT 1
		) before ON true
		LEFT JOIN LATERAL (
			SELECT before.start_time, CASE WHEN NOT before.removed THEN before.end_time END AS end_time, before.reason, before.error
			WHERE before.end_time > ` + at + ` OR before.removed
			UNION ALL
			SELECT NULL, s.first_complete_time,
				CASE WHEN s.first_complete_time IS NULL THEN ` + goesOnReasonSQL + ` ELSE '` + inventory.ReasonNotObserved + `' END,
				CASE WHEN s.first_complete_time IS NULL THEN ` + goesOnErrorSQL + ` ELSE '' END
			WHERE s.first_complete_time IS NULL OR s.first_complete_time > ` + at + `
			UNION ALL
			SELECT s.last_complete_time, NULL, ` + goesOnReasonSQL + `, ` + goesOnErrorSQL + `
			WHERE s.last_complete_time < ` + at + ` AND ` + goesOnSQL + `
			LIMIT 1
		) gap ON true
		WHERE NOT (s.last_error_reason = '` + inventory.ReasonRetired + `' AND s.instance_count = 0
			AND s.last_attempt_time < ` + at + ` AND (before.end_time > ` + at + `) IS NOT TRUE)
	)`
}

// queueAsOf is queue for a time of the past.
func (t touch) queueAsOf(batch *pgx.Batch, at time.Time, maxStaleness time.Duration, into *inventory.Freshness) {
	args := append(query.Args{}, t.args...)
	sql := `SELECT account, kind, location, last_complete_time, in_gap, gap_start, gap_end,
			COALESCE(gap_reason, ''), COALESCE(gap_error, '')
		FROM ` + scopesAsOf(args.Add(at)+"::timestamptz") + ` s WHERE ` + t.where + `
		ORDER BY account, kind, location`
	batch.Queue(sql, args...).Query(func(rows pgx.Rows) error {
		reader := pastReader{at: at, maxStaleness: maxStaleness, into: into}
		return reader.read(rows)
	})
}

// pastReader makes the freshness of a past answer of the scopes that it touches.
type pastReader struct {
	at           time.Time
	maxStaleness time.Duration
	into         *inventory.Freshness

	scopes    int
	stale     []inventory.ScopeKey
	unsighted bool
}

func (r *pastReader) read(rows pgx.Rows) error {
	var (
		gap                  inventory.Gap
		inGap                bool
		complete, start, end pgtype.Timestamptz
	)
	key := &gap.Scope
	targets := []any{&key.Account, &key.Kind, &key.Location, &complete, &inGap, &start, &end, &gap.Reason, &gap.Error}
	if _, err := pgx.ForEachRow(rows, targets, func() error {
		gap.Start, gap.End = start.Time, end.Time
		r.take(complete.Time, inGap, gap)
		return nil
	}); err != nil {
		return err
	}
	if r.maxStaleness <= 0 {
		return nil
	}
	return tooStale(r.stale, r.scopes, r.maxStaleness)
}

// take one scope, which was observed at that time or after, and the gap that it
// was in.
func (r *pastReader) take(complete time.Time, inGap bool, gap inventory.Gap) {
	r.scopes++
	if inGap {
		r.into.Unreachable = append(r.into.Unreachable, gap.Scope)
		r.into.Gaps = append(r.into.Gaps, gap)
	}
	switch {
	case complete.IsZero():
		r.unsighted, r.into.Oldest = true, time.Time{}
	case !r.unsighted && (r.into.Oldest.IsZero() || complete.Before(r.into.Oldest)):
		r.into.Oldest = complete
	}
	if complete.IsZero() || complete.Before(r.at.Add(-r.maxStaleness)) {
		r.stale = append(r.stale, gap.Scope)
	}
}
