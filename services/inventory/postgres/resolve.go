package postgres

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

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

	// Locks come in one order, whoever takes them.
	lockAllSQL = `SELECT FROM scopes WHERE uid = ANY ($1) ORDER BY uid FOR UPDATE`

	lockGoneSQL = `
		SELECT uid, fence, content_hash FROM instances
		WHERE uid = ANY ($1) AND gone_time IS NOT NULL ORDER BY uid FOR UPDATE`

	// What compared itself to a scope before something left it has to begin anew.
	leaveScopeSQL = `
		UPDATE scopes SET instance_count = instance_count - $2, claim = NULL, claim_fence = NULL
		WHERE uid = $1`
)

// resolve looks the instances up that were not held in this scope: they may have
// been here before, or stand in another scope, from which they move here. This
// way the instances that are gone, of which there are ever more, do not make a
// re-read dearer.
//
// Whoever writes into the other scopes comes before or after: their rows are
// locked. When it turns out here which ones they are, all begins anew with them,
// for locks of scopes are taken in one order. The rows of instances that come
// back are locked too, as other scopes may see them come as well.
func (w *writer) resolve(ctx context.Context) error {
	if w.fresh == nil {
		w.fresh = w.reconciliation.Fresh()
	}
	if len(w.fresh) == 0 {
		return nil
	}
	for _, uid := range w.known {
		w.reconciliation.Forget(uid)
	}
	w.known = nil
	left, gone, err := w.lookUp(ctx)
	if err != nil {
		return err
	}
	var more []uuid.UUID
	for scope := range left {
		if !slices.Contains(w.others, scope) {
			more = append(more, scope)
		}
	}
	if len(more) > 0 {
		return &again{scopes: more}
	}
	for scope, uids := range left {
		if _, err := w.tx.Exec(ctx, leaveScopeSQL, scope, len(uids)); err != nil {
			return err
		}
		if err := forgetAbsences(ctx, w.tx, []uuid.UUID{scope}, uids); err != nil {
			return err
		}
		w.moved += int64(len(uids))
	}
	return w.lockGone(ctx, gone)
}

// lookUp tells the reconciliation what is held of the fresh instances, and
// returns those that would leave each other scope, and those that are gone.
func (w *writer) lookUp(ctx context.Context) (left map[uuid.UUID][]uuid.UUID, gone []uuid.UUID, err error) {
	rows, err := w.tx.Query(ctx, resolveSQL, plain(w.fresh), w.obs.Scope.UID())
	if err != nil {
		return nil, nil, err
	}
	left = map[uuid.UUID][]uuid.UUID{}
	var uid, scope uuid.UUID
	var hash []byte
	var held inventory.Held
	_, err = pgx.ForEachRow(rows, []any{&uid, &hash, &held.Gone, &held.Elsewhere, &scope, &held.Fence}, func() error {
		held.Hash = inventory.Hash(hash)
		w.reconciliation.Hold(uid, held)
		w.known = append(w.known, uid)
		if held.Gone {
			gone = append(gone, uid)
		}
		if held.Elsewhere && w.reconciliation.Decision(uid) == inventory.Change {
			left[scope] = append(left[scope], uid)
		}
		return nil
	})
	return left, gone, err
}

// lockGone keeps others from the rows of instances that are gone.
func (w *writer) lockGone(ctx context.Context, gone []uuid.UUID) error {
	if len(gone) == 0 {
		return nil
	}
	rows, err := w.tx.Query(ctx, lockGoneSQL, plain(gone))
	if err != nil {
		return err
	}
	locked := 0
	err = eachHeld(rows, func(uid uuid.UUID, held inventory.Held) {
		locked++
		held.Gone = true
		w.reconciliation.Hold(uid, held)
	})
	if err == nil && locked < len(gone) {
		return &again{}
	}
	return err
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
