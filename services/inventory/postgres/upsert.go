package postgres

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

const (
	// An observation that found nothing new only proves that it was made.
	vouchSQL = `UPDATE instances SET fence = $2, observe_time = $3 WHERE uid = $1`

	singleScopeSQL = `
		UPDATE scopes SET single_fence = GREATEST(single_fence, $2), instance_count = instance_count + $3
		WHERE uid = $1`
)

// UpsertInstance applies the observation of a single instance and returns what
// the roll then says of it. Errors: ABORTED with inventory.ReasonStale when a
// newer observation of it or of its scope is held, or one of its scope is under
// way.
func (s *Store) UpsertInstance(ctx context.Context, obs inventory.Observation, i inventory.Instance) (inventory.Instance, error) {
	obs.Adopt(&i, &inventory.Hasher{})
	rows, err := single(obs, &i)
	if err != nil {
		return inventory.Instance{}, err
	}
	w := &writer{obs: obs, reconciliation: inventory.NewReconciliation(obs.Fence, 1, nothing), spool: rows}
	w.reconciliation.Observe(i.UID, i.Hash)
	var stored inventory.Instance
	err = s.writeScope(ctx, w, func() error {
		if err := ensureScope(ctx, w.tx, obs); err != nil {
			return err
		}
		scope, err := w.lock(ctx)
		if errors.Is(err, pgx.ErrNoRows) { // its account was removed just now
			return stale(obs)
		}
		if err != nil {
			return err
		}
		if obs.Fence < scope.fence || scope.claimFence != nil && obs.Fence <= *scope.claimFence {
			return stale(obs)
		}
		if err := w.upsert(ctx, &i); err != nil {
			return err
		}
		if scope.hold != nil {
			if err := forgetAbsences(ctx, w.tx, []uuid.UUID{obs.Scope.UID()}, []uuid.UUID{i.UID}); err != nil {
				return err
			}
		}
		if stored, err = getInstance(ctx, w.tx, i.UID); err != nil {
			return err
		}
		return w.journal.write(ctx, w.tx, obs.Time)
	})
	return stored, errors.Join(err, rows.close())
}

// nothing is what is held of the scope, as far as a single instance is concerned.
func nothing() []inventory.Holding { return nil }

// single is the one instance as the rows of a snapshot of nothing else.
func single(obs inventory.Observation, i *inventory.Instance) (*spool, error) {
	rows := &spool{}
	encoder := encoder{scope: obs.Scope.UID(), fence: obs.Until(), time: obs.Time, single: true}
	return rows, rows.add(func(b []byte) []byte { return encoder.row(b, i) })
}

// upsert writes the one instance, in a scope that the transaction has locked.
func (w *writer) upsert(ctx context.Context, i *inventory.Instance) error {
	changes, err := w.write(ctx, nil)
	if err != nil {
		return err
	}
	switch w.reconciliation.Decision(i.UID) {
	case inventory.Overtaken:
		return inventory.Stale("instance " + i.ProviderID)
	case inventory.Unchanged:
		if _, err := w.tx.Exec(ctx, vouchSQL, i.UID, w.obs.Until(), w.obs.Time); err != nil {
			return err
		}
	}
	more := changes.Created + changes.Reappeared + w.moved
	_, err = w.tx.Exec(ctx, singleScopeSQL, w.obs.Scope.UID(), w.obs.Until(), more)
	return err
}
