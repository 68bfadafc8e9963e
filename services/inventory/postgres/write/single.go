package write

import (
	"context"

	"github.com/google/uuid"
)

const (
	vouchInstanceSQL = `UPDATE instances SET fence = $2, observe_time = $3 WHERE uid = $1`

	countInstanceSQL = `
		UPDATE scopes SET single_fence = GREATEST(single_fence, $2), instance_count = instance_count + $3
		WHERE uid = $1`
)

// VouchInstance records that the observation found an instance unchanged.
func (t *transaction) VouchInstance(ctx context.Context, uid uuid.UUID) error {
	_, err := t.tx.Exec(ctx, vouchInstanceSQL, uid, t.obs.Until(), t.obs.Time)
	return err
}

// CountInstance records the observation of a single instance in the scope.
func (t *transaction) CountInstance(ctx context.Context, added int64) error {
	_, err := t.tx.Exec(ctx, countInstanceSQL, t.obs.Scope.UID(), t.obs.Until(), added)
	return err
}

// ReleaseInstance ends the hold of the scope as far as it is for this instance.
func (t *transaction) ReleaseInstance(ctx context.Context, uid uuid.UUID) error {
	return releaseHeld(ctx, t.tx, []uuid.UUID{t.obs.Scope.UID()}, []uuid.UUID{uid})
}
