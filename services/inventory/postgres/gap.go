package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

const (
	// One that a person ended (see confirmRetired) goes on when nobody looked since.
	insertGapSQL = `
		INSERT INTO observation_gaps AS held (scope, start_time, end_time, reason, error) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (scope, start_time) DO UPDATE SET end_time = GREATEST(held.end_time, EXCLUDED.end_time)`

	// The scopes of an account that leaves the roll are out of sight from their last
	// observation on. Nobody knows until when: for now their gaps end as the account
	// leaves, so that they are forgotten with what left with it.
	removedGapsSQL = `
		INSERT INTO observation_gaps (scope, start_time, end_time, reason, error)
		SELECT uid, last_complete_time, GREATEST($2, last_complete_time + interval '1 microsecond'), '` + inventory.ReasonRemoved + `',
			'the account was taken off the roll' || CASE WHEN ` + goesOnSQL + `
				THEN '; before that: ' || concat_ws(': ', ` + goesOnReasonSQL + `, NULLIF(` + goesOnErrorSQL + `, '')) ELSE '' END
		FROM scopes s WHERE account = $1 AND last_complete_time IS NOT NULL
		ON CONFLICT (scope, start_time) DO UPDATE SET end_time = EXCLUDED.end_time, reason = EXCLUDED.reason, error = EXCLUDED.error`

	// lastGapSQL is the last gap of a scope; of one without a complete observation
	// it goes on if the account was removed.
	lastGapSQL = `SELECT * FROM observation_gaps WHERE scope = $1 ORDER BY start_time DESC LIMIT 1`

	endRemovalSQL = `
		UPDATE observation_gaps g SET end_time = $2 FROM (` + lastGapSQL + `) last
		WHERE (g.scope, g.start_time) = (last.scope, last.start_time) AND g.reason = '` + inventory.ReasonRemoved + `' AND g.end_time < $2`
)

// closeGap writes down that the scope was out of sight until a complete
// observation, if it was.
func closeGap(ctx context.Context, tx pgx.Tx, scope *lockedScope, key inventory.ScopeKey, fence int64, end time.Time) error {
	if scope.lastComplete == nil {
		_, err := tx.Exec(ctx, endRemovalSQL, key.UID(), end)
		return err
	}
	reason, text := scope.gap(fence, end)
	if reason == "" {
		return nil
	}
	_, err := tx.Exec(ctx, insertGapSQL, key.UID(), *scope.lastComplete, end, reason, text)
	return err
}

// gap is why the scope was out of sight before a complete observation; empty: it
// was not. A failure that a newer try met says nothing of the time before.
func (s *lockedScope) gap(fence int64, end time.Time) (reason, text string) {
	switch {
	case !end.After(*s.lastComplete):
		return "", ""
	case s.gapReason != "" && s.attemptFence <= fence:
		return s.gapReason, s.gapError
	case s.syncInterval != nil && end.Sub(*s.lastComplete) > 2**s.syncInterval:
		return inventory.ReasonNotObserved, ""
	default:
		return "", ""
	}
}
