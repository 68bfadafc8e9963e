package postgres

import (
	"context"
	"errors"

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
	var hasher inventory.Hasher
	hash := obs.Adopt(&i, &hasher)
	var stored inventory.Instance
	err := s.write(ctx, func(tx pgx.Tx) error {
		if err := ensureScope(ctx, tx, obs); err != nil {
			return err
		}
		scope, err := lockScope(ctx, tx, obs.Scope)
		if errors.Is(err, pgx.ErrNoRows) { // its account was removed just now
			return stale(obs)
		}
		if err != nil {
			return err
		}
		if obs.Fence < scope.fence || scope.claimFence != nil && obs.Fence <= *scope.claimFence {
			return stale(obs)
		}
		if err := upsert(ctx, tx, obs, &i, hash); err != nil {
			return err
		}
		stored, err = getInstance(ctx, tx, i.UID)
		return err
	})
	return stored, err
}

// upsert writes the one instance as a snapshot of nothing else, in a scope that
// the transaction has locked.
func upsert(ctx context.Context, tx pgx.Tx, obs inventory.Observation, i *inventory.Instance, hash inventory.Hash) error {
	var (
		rows    spool
		encoder = encoder{scope: obs.Scope.UID(), fence: obs.Fence, time: obs.Time, single: true}
		single  = inventory.NewReconciliation(obs.Fence, 1)
	)
	single.Observe(i.UID, hash)
	if err := rows.add(func(b []byte) []byte { return encoder.row(b, i, hash) }); err != nil {
		return err
	}
	w := writer{tx: tx, obs: obs, reconciliation: single, spool: &rows}
	changes, err := w.write(ctx, nil)
	if err != nil {
		return errors.Join(err, rows.close())
	}
	switch single.Decision(i.UID) {
	case inventory.Overtaken:
		return inventory.Stale("instance " + i.ProviderID)
	case inventory.Unchanged:
		if _, err := tx.Exec(ctx, vouchSQL, i.UID, obs.Fence, obs.Time); err != nil {
			return err
		}
	}
	more := changes.Created + changes.Reappeared + w.moved
	_, err = tx.Exec(ctx, singleScopeSQL, obs.Scope.UID(), obs.Fence, more)
	return err
}
