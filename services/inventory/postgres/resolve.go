package postgres

import (
	"context"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

const (
	// An instance that stands alive in another scope is vouched for by whatever
	// saw that scope last.
	resolveSQL = `
		SELECT i.uid, i.content_hash, i.gone_time IS NOT NULL, i.gone_time IS NULL AND i.scope <> $2, i.scope,
			CASE WHEN i.gone_time IS NULL THEN GREATEST(i.fence, s.fence) ELSE i.fence END
		FROM instances i LEFT JOIN scopes s ON s.uid = i.scope
		WHERE i.uid = ANY ($1)`

	lockOthersSQL = `SELECT FROM scopes WHERE uid = ANY ($1) ORDER BY uid FOR UPDATE`

	// What compared itself to a scope before something left it has to begin anew.
	leaveScopeSQL = `
		UPDATE scopes SET instance_count = instance_count - $2, claim = NULL, claim_fence = NULL
		WHERE uid = $1`
)

// resolve looks the instances up that were not held in this scope: they may have
// been here before, or stand in another scope, from which they move here. This
// way the instances that are gone, of which there are ever more, do not make a
// re-read dearer.
func (w *writer) resolve(ctx context.Context) error {
	fresh := w.reconciliation.Fresh()
	if len(fresh) == 0 {
		return nil
	}
	left, err := w.lookUp(ctx, fresh)
	if err != nil || len(left) == 0 {
		return err
	}
	// Whoever writes into the other scopes comes before or after; what was read
	// of them is read again.
	others := slices.Collect(maps.Keys(left))
	if _, err := w.tx.Exec(ctx, lockOthersSQL, plain(others)); err != nil {
		return err
	}
	if left, err = w.lookUp(ctx, fresh); err != nil {
		return err
	}
	for scope, count := range left {
		if !slices.Contains(others, scope) {
			return fault.New(fault.KindAborted, "CONFLICT", "instances move between scopes; try again")
		}
		if _, err := w.tx.Exec(ctx, leaveScopeSQL, scope, count); err != nil {
			return err
		}
		w.moved += count
	}
	return nil
}

// lookUp tells the reconciliation what is held of the instances, and returns how
// many would leave which other scope.
func (w *writer) lookUp(ctx context.Context, uids []uuid.UUID) (left map[uuid.UUID]int64, err error) {
	rows, err := w.tx.Query(ctx, resolveSQL, plain(uids), w.obs.Scope.UID())
	if err != nil {
		return nil, err
	}
	left = map[uuid.UUID]int64{}
	var uid, scope uuid.UUID
	var hash []byte
	var held inventory.Held
	_, err = pgx.ForEachRow(rows, []any{&uid, &hash, &held.Gone, &held.Elsewhere, &scope, &held.Fence}, func() error {
		held.Hash = inventory.Hash(hash)
		w.reconciliation.Hold(uid, held)
		if held.Elsewhere && w.reconciliation.Decision(uid) == inventory.Change {
			left[scope]++
		}
		return nil
	})
	return left, err
}

// plain are the ids in the form that pgx encodes without asking each for its
// text.
func plain(uids []uuid.UUID) [][16]byte {
	ids := make([][16]byte, len(uids))
	for n, uid := range uids {
		ids[n] = uid
	}
	return ids
}
