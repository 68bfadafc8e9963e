package write

import (
	"context"

	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/ingest"
)

// finishScopeSQL ends an observation. One that does not vouch for all of the scope ($6 is the reason)
// makes older ones stale like any other, and leaves last_complete_time as it is. A failure that a newer
// attempt reported stays.
const finishScopeSQL = `
	UPDATE scopes SET
		fence = $2, claim = NULL, claim_fence = NULL,
		instance_count = instance_count + $4,
		first_complete_time = CASE WHEN $6 = '' THEN COALESCE(first_complete_time, $3) ELSE first_complete_time END,
		last_complete_time = CASE WHEN $6 = '' THEN $3 ELSE last_complete_time END,
		attempt_fence = GREATEST(attempt_fence, $2),
		last_attempt_time = CASE WHEN attempt_fence > $2 THEN last_attempt_time ELSE $3 END,
		last_error = CASE WHEN attempt_fence > $2 THEN last_error ELSE $5 END,
		last_error_reason = CASE WHEN attempt_fence > $2 THEN last_error_reason ELSE $6 END,
		gap_reason = CASE WHEN attempt_fence > $2 OR $6 <> '' AND gap_reason <> '' THEN gap_reason ELSE $6 END,
		gap_error = CASE WHEN attempt_fence > $2 OR $6 <> '' AND gap_reason <> '' THEN gap_error ELSE $5 END,
		sync_interval = COALESCE($7, sync_interval), api_budgets = COALESCE($8, api_budgets),
		hold_fence = $9, hold_time = $10, hold_missing = $11, hold_of = $12
	WHERE uid = $1`

// FinishScope ends the observation of the scope.
func (t *transaction) FinishScope(ctx context.Context, state *inventory.ScopeState, outcome ingest.Outcome) error {
	if err := t.setHeld(ctx, state.Hold != nil, outcome.Held); err != nil {
		return err
	}
	if outcome.Failure.Reason == "" {
		if err := closeGap(ctx, t.tx, state, t.obs.Scope, t.obs.Until(), t.obs.Time); err != nil {
			return err
		}
	}
	budgets, err := budgetsColumn(outcome.Budgets)
	if err != nil {
		return err
	}
	fence, at, missing, of := holdColumns(outcome.Hold)
	_, err = t.tx.Exec(ctx, finishScopeSQL, t.obs.Scope.UID(), t.obs.Until(), t.obs.Time, outcome.Added,
		outcome.Failure.Error, outcome.Failure.Reason, intervalColumn(t.obs.SyncInterval), budgets, fence, at, missing, of)
	if err != nil {
		return err
	}
	return deleteStandIns(ctx, t.tx, t.obs.Provider, t.obs.Scope)
}
