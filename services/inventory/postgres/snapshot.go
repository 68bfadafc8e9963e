package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// Snapshot is one observation of a scope on its way in: any number of Observe,
// then Absent, Hear for what is absent, and Complete; and Close at the end in any
// case. Until Complete nothing of it can be seen, and no transaction is open. Not
// for concurrent use.
type Snapshot struct {
	store   *Store
	obs     inventory.Observation
	scope   uuid.UUID
	claim   int64
	held    int64 // how many instances it held when it was claimed
	applied bool
	// budgets are those that it left, untold why the cloud could not tell of what
	// it lacks.
	budgets []inventory.APIBudget
	untold  inventory.Failure

	loading        *loading
	reconciliation *inventory.Reconciliation
	encoder        encoder
	spool          spool
}

// BeginSnapshot claims the scope for an observation and begins to load what the
// roll holds of it. Errors: ABORTED with inventory.ReasonStale when a newer
// observation is held or under way, or its account was removed since.
func (s *Store) BeginSnapshot(ctx context.Context, obs inventory.Observation) (*Snapshot, error) {
	snapshot := &Snapshot{
		store: s, obs: obs, scope: obs.Scope.UID(),
		encoder: encoder{scope: obs.Scope.UID(), fence: obs.Fence, time: obs.Time},
	}
	err := s.write(ctx, func(tx pgx.Tx) error {
		return snapshot.claimScope(ctx, tx)
	})
	if err != nil {
		return nil, err
	}
	snapshot.loading = s.load(ctx, snapshot.scope, snapshot.held)
	snapshot.reconciliation = inventory.NewReconciliation(obs.Fence, snapshot.held, snapshot.loading.next)
	return snapshot, nil
}

const claimScopeSQL = `
	UPDATE scopes SET claim = nextval('claim_seq'), claim_fence = $2
	WHERE uid = $1 AND fence <= $2 AND (claim_fence IS NULL OR claim_fence <= $2)
	RETURNING claim, instance_count`

// claimScope makes the observation the one that is under way, and remembers the
// number by which it will know that it still is.
func (s *Snapshot) claimScope(ctx context.Context, tx pgx.Tx) error {
	if err := ensureScope(ctx, tx, s.obs); err != nil {
		return err
	}
	err := tx.QueryRow(ctx, claimScopeSQL, s.scope, s.obs.Fence).Scan(&s.claim, &s.held)
	if errors.Is(err, pgx.ErrNoRows) {
		return stale(s.obs)
	}
	return err
}

func stale(obs inventory.Observation) *fault.Error { return inventory.Stale(obs.Scope.String()) }

// closeLimit bounds giving up a claim.
const closeLimit = 5 * time.Second

const releaseScopeSQL = `UPDATE scopes SET claim = NULL, claim_fence = NULL WHERE uid = $1 AND claim = $2`

// Close drops the snapshot unless it was applied, and gives up its claim, also
// when ctx has ended. A claim that can't be given up is in nobody's way but that
// of older observations.
func (s *Snapshot) Close(ctx context.Context) error {
	s.loading.close()
	err := s.spool.close()
	if s.applied {
		return err
	}
	s.applied = true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer cancel()
	_, releaseErr := s.store.pool.Exec(ctx, releaseScopeSQL, s.scope, s.claim)
	return errors.Join(err, kit.Fault(releaseErr))
}
