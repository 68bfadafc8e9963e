package ingest

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// Service applies observations to the inventory. It is safe for concurrent use.
type Service struct {
	store  Store
	policy inventory.DeletionPolicy
}

// New returns a service on a store.
func New(store Store) *Service {
	return &Service{store: store, policy: inventory.DefaultDeletionPolicy}
}

// Begin claims the scope for an observation and begins to load what is stored of it. Errors: ABORTED
// with STALE_OBSERVATION if a newer observation is stored or under way, or if the account was removed
// since.
func (s *Service) Begin(ctx context.Context, obs inventory.Observation) (*Snapshot, error) {
	claim, err := s.store.Claim(ctx, obs)
	if err != nil {
		return nil, err
	}
	loading := s.store.Load(ctx, claim)
	return &Snapshot{
		store: s.store, policy: s.policy, obs: obs, claim: claim, loading: loading,
		reconciliation: inventory.NewReconciliation(obs.Fence, claim.Stored, loading.Next),
		stage:          s.store.Stage(obs, false),
	}, nil
}

// Fail records that a scope, or all of an account if its location is WholeAccount, could not be
// observed. Errors: as Store.FailScope and Store.FailAccount.
func (s *Service) Fail(ctx context.Context, obs inventory.Observation, failure inventory.Failure) error {
	failure.Clean()
	if obs.Scope.Location == inventory.WholeAccount {
		return s.store.FailAccount(ctx, obs, failure)
	}
	return s.store.FailScope(ctx, obs, failure)
}

// RemoveAccount removes an account. Errors: as Store.RemoveAccount.
func (s *Service) RemoveAccount(ctx context.Context, account string, fence int64) error {
	return s.store.RemoveAccount(ctx, account, fence)
}

// ConfirmScope confirms that the missing instances of a held scope, or all instances of a retired one,
// are gone. A zero holdTime confirms any hold. Errors: as Store.ConfirmScope.
func (s *Service) ConfirmScope(ctx context.Context, key inventory.ScopeKey, holdTime time.Time) (inventory.Scope, error) {
	return s.store.ConfirmScope(ctx, key, holdTime)
}

// Describe returns what a provider needs to be asked for these instances.
func (s *Service) Describe(ctx context.Context, uids []uuid.UUID) ([]inventory.Instance, error) {
	return s.store.Describe(ctx, uids)
}

// Upsert applies the observation of a single instance and returns what is stored of it then. Errors:
// ABORTED with STALE_OBSERVATION if a newer observation of the instance or of its scope is stored, or
// if one of its scope is under way.
func (s *Service) Upsert(ctx context.Context, obs inventory.Observation, i inventory.Instance) (inventory.Instance, error) {
	obs.Adopt(&i, &inventory.Hasher{})
	stage := s.store.Stage(obs, true)
	work := Work{Observation: obs, Reconciliation: inventory.NewReconciliation(obs.Fence, 1, loadNothing), Stage: stage}
	var stored inventory.Instance
	err := stage.Add(&i)
	if err == nil {
		work.Reconciliation.Observe(i.UID, i.Hash)
		err = s.store.ApplyInstance(ctx, work, func(tx Tx) (err error) {
			stored, err = upsert(ctx, tx, work, &i)
			return err
		})
	}
	return stored, errors.Join(err, stage.Close())
}

// loadNothing loads no instances of the scope, because the observation is about one instance only.
func loadNothing() []inventory.StoredInstance { return nil }

func upsert(ctx context.Context, tx Tx, work Work, i *inventory.Instance) (inventory.Instance, error) {
	if err := tx.EnsureScope(ctx); err != nil {
		return inventory.Instance{}, err
	}
	state, err := tx.LockScope(ctx)
	if err != nil {
		return inventory.Instance{}, err
	}
	obs := &work.Observation
	if state == nil || state.Newer(obs.Fence) {
		return inventory.Instance{}, inventory.Stale(obs.Scope.String())
	}
	_, added, err := tx.Write(ctx, nil)
	if err != nil {
		return inventory.Instance{}, err
	}
	switch work.Reconciliation.Decision(i.UID) {
	case inventory.Overtaken:
		return inventory.Instance{}, inventory.Stale("instance " + i.ProviderID)
	case inventory.Unchanged:
		if err := tx.VouchInstance(ctx, i.UID); err != nil {
			return inventory.Instance{}, err
		}
	}
	if err := tx.CountInstance(ctx, added); err != nil {
		return inventory.Instance{}, err
	}
	if state.Hold != nil {
		if err := tx.ReleaseInstance(ctx, i.UID); err != nil {
			return inventory.Instance{}, err
		}
	}
	return tx.Instance(ctx, i.UID)
}
