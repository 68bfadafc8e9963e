package write

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// The instances that a scope is held for are in the table absences.
const (
	heldSQL = `SELECT uid FROM absences WHERE scope = $1`

	deleteHeldSQL = `DELETE FROM absences WHERE scope = $1 AND uid <> ALL ($2)`

	insertHeldSQL = `
		INSERT INTO absences (scope, uid) SELECT $1, uid FROM unnest($2::uuid[]) uid
		ON CONFLICT (scope, uid) DO NOTHING`
)

// HeldInstances returns the instances that the scope is held for.
func (t *transaction) HeldInstances(ctx context.Context) ([]uuid.UUID, error) {
	rows, err := t.tx.Query(ctx, heldSQL, t.obs.Scope.UID())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

// setHeld stores the instances that the scope is held for from now on.
func (t *transaction) setHeld(ctx context.Context, wasHeld bool, held []uuid.UUID) error {
	if wasHeld {
		if _, err := t.tx.Exec(ctx, deleteHeldSQL, t.obs.Scope.UID(), postgres.UIDs(held)); err != nil {
			return err
		}
	}
	if len(held) == 0 {
		return nil
	}
	_, err := t.tx.Exec(ctx, insertHeldSQL, t.obs.Scope.UID(), postgres.UIDs(held))
	return err
}

// holdColumns returns the values of the columns hold_…, which are NULL without a hold.
func holdColumns(h *inventory.Hold) (fence *int64, at *time.Time, missing, of *int64) {
	if h == nil {
		return nil, nil, nil, nil
	}
	return &h.Fence, &h.Time, &h.Missing, &h.Of
}

// releaseHeldSQL removes instances that were observed from the holds of their scopes.
const releaseHeldSQL = `
	WITH seen AS (
		DELETE FROM absences WHERE scope = ANY ($1) AND uid = ANY ($2) RETURNING scope
	), counted AS (
		SELECT scope, count(*) AS seen FROM seen GROUP BY scope
	)
	UPDATE scopes SET
		hold_fence = CASE WHEN hold_missing > seen THEN hold_fence END,
		hold_time = CASE WHEN hold_missing > seen THEN hold_time END,
		hold_of = CASE WHEN hold_missing > seen THEN hold_of END,
		hold_missing = CASE WHEN hold_missing > seen THEN hold_missing - seen END
	FROM counted WHERE uid = counted.scope`

func releaseHeld(ctx context.Context, tx pgx.Tx, scopes, uids []uuid.UUID) error {
	_, err := tx.Exec(ctx, releaseHeldSQL, postgres.UIDs(scopes), postgres.UIDs(uids))
	return err
}
