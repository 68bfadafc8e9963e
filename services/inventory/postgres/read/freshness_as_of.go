package read

import (
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// scopesAsOf returns, for a FROM clause, the scopes at a time, which is an SQL expression. If a scope was in a
// gap then, in_gap is true and the gap is in the other columns. Not every observation is stored, so
// last_complete_time is a time after which the scope was certainly observed:
//
//	in a gap                   the last observation before the gap: exact
//	not observed since         the last observation: exact
//	otherwise                  twice the interval before the time, because more would be a gap; not before
//	                           the first observation or the end of the gap before
//
// An account that was removed and came back was in a gap in between; of the time before that, only the gaps of
// its scopes are known. A scope that was retired by then and had no instances is left out. See InUseSQL.
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
				CASE WHEN s.first_complete_time IS NULL THEN ` + postgres.GapReasonSQL + ` ELSE '` + inventory.ReasonNotObserved + `' END,
				CASE WHEN s.first_complete_time IS NULL THEN ` + postgres.GapErrorSQL + ` ELSE '' END
			WHERE s.first_complete_time IS NULL OR s.first_complete_time > ` + at + `
			UNION ALL
			SELECT s.last_complete_time, NULL, ` + postgres.GapReasonSQL + `, ` + postgres.GapErrorSQL + `
			WHERE s.last_complete_time < ` + at + ` AND ` + postgres.InGapSQL + `
			LIMIT 1
		) gap ON true
		WHERE NOT (s.last_error_reason = '` + inventory.ReasonRetired + `' AND s.instance_count = 0
			AND s.last_attempt_time < ` + at + ` AND (before.end_time > ` + at + `) IS NOT TRUE)
	)`
}

// queuePast is queueNow for a past time.
func (t touched) queuePast(batch *pgx.Batch, at time.Time, maxStaleness time.Duration, into *inventory.Freshness) {
	args := append(query.Args{}, t.args...)
	sql := `SELECT account, kind, location, last_complete_time, in_gap, gap_start, gap_end,
			COALESCE(gap_reason, ''), COALESCE(gap_error, '')
		FROM ` + scopesAsOf(args.Add(at)+"::timestamptz") + ` s WHERE ` + t.where + `
		ORDER BY account, kind, location`
	batch.Queue(sql, args...).Query(func(rows pgx.Rows) error {
		reader := freshnessReader{at: at, maxStaleness: maxStaleness, into: into}
		return reader.read(rows)
	})
}

// freshnessReader computes the freshness of an answer about a past time from the scopes that it touches.
type freshnessReader struct {
	at           time.Time
	maxStaleness time.Duration
	into         *inventory.Freshness

	scopes int
	stale  []inventory.ScopeKey
	// neverObserved is set if one of the scopes was not observed by then.
	neverObserved bool
}

func (r *freshnessReader) read(rows pgx.Rows) error {
	var (
		gap                  inventory.Gap
		inGap                bool
		complete, start, end pgtype.Timestamptz
	)
	key := &gap.Scope
	targets := []any{&key.Account, &key.Kind, &key.Location, &complete, &inGap, &start, &end, &gap.Reason, &gap.Error}
	if _, err := pgx.ForEachRow(rows, targets, func() error {
		gap.Start, gap.End = start.Time, end.Time
		r.add(complete.Time, inGap, gap)
		return nil
	}); err != nil {
		return err
	}
	if r.maxStaleness <= 0 {
		return nil
	}
	return tooStale(r.stale, r.scopes, r.maxStaleness)
}

// add adds a scope that was observed at or after a time, and the gap that it was in.
func (r *freshnessReader) add(complete time.Time, inGap bool, gap inventory.Gap) {
	r.scopes++
	if inGap {
		r.into.Unreachable = append(r.into.Unreachable, gap.Scope)
		r.into.Gaps = append(r.into.Gaps, gap)
	}
	switch {
	case complete.IsZero():
		r.neverObserved, r.into.Oldest = true, time.Time{}
	case !r.neverObserved && (r.into.Oldest.IsZero() || complete.Before(r.into.Oldest)):
		r.into.Oldest = complete
	}
	if complete.IsZero() || complete.Before(r.at.Add(-r.maxStaleness)) {
		r.stale = append(r.stale, gap.Scope)
	}
}
