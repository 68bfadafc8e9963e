package write

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

const (
	// insertGapSQL inserts a gap. A gap that a confirmation ended (see confirmRetired) becomes longer if
	// the scope was not observed since.
	insertGapSQL = `
		INSERT INTO observation_gaps AS stored (scope, start_time, end_time, reason, error) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (scope, start_time) DO UPDATE SET end_time = GREATEST(stored.end_time, EXCLUDED.end_time)`

	// insertRemovedGapsSQL inserts a gap for each scope of an account that is removed, from its last
	// observation on. The end is not known: the gap ends for now when the account is removed, so that it
	// is deleted together with the instances.
	insertRemovedGapsSQL = `
		INSERT INTO observation_gaps (scope, start_time, end_time, reason, error)
		SELECT uid, last_complete_time, GREATEST($2, last_complete_time + interval '1 microsecond'), '` + inventory.ReasonRemoved + `',
			'the account was removed from the inventory' || CASE WHEN ` + postgres.InGapSQL + `
				THEN '; before that: ' || concat_ws(': ', ` + postgres.GapReasonSQL + `, NULLIF(` + postgres.GapErrorSQL + `, '')) ELSE '' END
		FROM scopes s WHERE account = $1 AND last_complete_time IS NOT NULL
		ON CONFLICT (scope, start_time) DO UPDATE SET end_time = EXCLUDED.end_time, reason = EXCLUDED.reason, error = EXCLUDED.error`

	// endRemovalSQL ends the gap of a removal, now that the scope is observed again.
	endRemovalSQL = `
		UPDATE observation_gaps g SET end_time = $2 FROM (` + postgres.LastGapSQL + `) last
		WHERE (g.scope, g.start_time) = (last.scope, last.start_time) AND g.reason = '` + inventory.ReasonRemoved + `' AND g.end_time < $2`
)

// closeGap stores the gap of the scope that ends with a complete observation, if there is one.
func closeGap(ctx context.Context, tx pgx.Tx, state *inventory.ScopeState, key inventory.ScopeKey, fence int64, end time.Time) error {
	if state.LastComplete == nil {
		_, err := tx.Exec(ctx, endRemovalSQL, key.UID(), end)
		return err
	}
	reason, text := state.Gap(fence, end)
	if reason == "" {
		return nil
	}
	_, err := tx.Exec(ctx, insertGapSQL, key.UID(), *state.LastComplete, end, reason, text)
	return err
}
