package write

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

const (
	// The last observation of another scope vouches for the instances that are alive in it.
	resolveSQL = `
		SELECT i.uid, i.content_hash, i.gone_time IS NOT NULL, i.gone_time IS NULL AND i.scope <> $2, i.scope,
			CASE WHEN i.gone_time IS NULL THEN GREATEST(i.fence, s.fence) ELSE i.fence END
		FROM instances i LEFT JOIN scopes s ON s.uid = i.scope
		WHERE i.uid = ANY ($1)`

	// All transactions lock scopes in the order of their UIDs.
	lockAllSQL = `SELECT FROM scopes WHERE uid = ANY ($1) ORDER BY uid FOR UPDATE`

	lockGoneSQL = `
		SELECT uid, fence, content_hash FROM instances
		WHERE uid = ANY ($1) AND gone_time IS NOT NULL ORDER BY uid FOR UPDATE`

	// An observation under way that compared its listing with the scope before becomes stale.
	leaveScopeSQL = `
		UPDATE scopes SET instance_count = instance_count - $2, claim = NULL, claim_fence = NULL
		WHERE uid = $1`
)

// resolve looks up the instances that are not stored alive in this scope. They may be stored as gone, or in
// another scope, from which they move to this one. Because only these are looked up, the number of gone
// instances does not slow down a sync.
//
// The rows of the other scopes are locked. Which ones they are is found out only here, so the transaction
// begins again with their locks, because scopes are locked in one order. The rows of instances that
// reappear are locked too, because another scope may list them at the same time.
func (t *transaction) resolve(ctx context.Context) error {
	if t.fresh == nil {
		t.fresh = t.reconciliation.Fresh()
	}
	if len(t.fresh) == 0 {
		return nil
	}
	for _, uid := range t.known {
		t.reconciliation.Forget(uid)
	}
	t.known = nil
	left, gone, err := t.lookUp(ctx)
	if err != nil {
		return err
	}
	var more []uuid.UUID
	for scope := range left {
		if !slices.Contains(t.others, scope) {
			more = append(more, scope)
		}
	}
	if len(more) > 0 {
		return &repeatError{scopes: more}
	}
	for scope, uids := range left {
		if _, err := t.tx.Exec(ctx, leaveScopeSQL, scope, len(uids)); err != nil {
			return err
		}
		if err := releaseHeld(ctx, t.tx, []uuid.UUID{scope}, uids); err != nil {
			return err
		}
		t.moved += int64(len(uids))
	}
	return t.lockGone(ctx, gone)
}

// lookUp updates the reconciliation by what is stored of the fresh instances. It returns those that would
// leave each other scope, and those that are gone.
func (t *transaction) lookUp(ctx context.Context) (left map[uuid.UUID][]uuid.UUID, gone []uuid.UUID, err error) {
	rows, err := t.tx.Query(ctx, resolveSQL, postgres.UIDs(t.fresh), t.obs.Scope.UID())
	if err != nil {
		return nil, nil, err
	}
	left = map[uuid.UUID][]uuid.UUID{}
	var uid, scope uuid.UUID
	var hash []byte
	var stored inventory.Stored
	_, err = pgx.ForEachRow(rows, []any{&uid, &hash, &stored.Gone, &stored.Elsewhere, &scope, &stored.Fence}, func() error {
		stored.Hash = inventory.Hash(hash)
		t.reconciliation.Update(uid, stored)
		t.known = append(t.known, uid)
		if stored.Gone {
			gone = append(gone, uid)
		}
		if stored.Elsewhere && t.reconciliation.Decision(uid) == inventory.Change {
			left[scope] = append(left[scope], uid)
		}
		return nil
	})
	return left, gone, err
}

// lockGone locks the rows of instances that are gone.
func (t *transaction) lockGone(ctx context.Context, gone []uuid.UUID) error {
	if len(gone) == 0 {
		return nil
	}
	rows, err := t.tx.Query(ctx, lockGoneSQL, postgres.UIDs(gone))
	if err != nil {
		return err
	}
	locked := 0
	err = eachStored(rows, func(uid uuid.UUID, stored inventory.Stored) {
		locked++
		stored.Gone = true
		t.reconciliation.Update(uid, stored)
	})
	if err == nil && locked < len(gone) {
		return &repeatError{}
	}
	return err
}
