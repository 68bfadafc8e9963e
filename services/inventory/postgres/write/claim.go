package write

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/ingest"
)

const claimScopeSQL = `
	UPDATE scopes SET claim = nextval('claim_seq'), claim_fence = $2
	WHERE uid = $1 AND fence <= $2 AND (claim_fence IS NULL OR claim_fence <= $2)
	RETURNING claim, instance_count`

// Claim makes the observation the one that is under way in its scope.
func (s *Store) Claim(ctx context.Context, obs inventory.Observation) (ingest.Claim, error) {
	claim := ingest.Claim{Scope: obs.Scope.UID()}
	err := s.db.Write(ctx, func(tx pgx.Tx) error {
		if err := ensureScope(ctx, tx, obs); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, claimScopeSQL, claim.Scope, obs.Fence).Scan(&claim.Number, &claim.Stored)
		if errors.Is(err, pgx.ErrNoRows) {
			return inventory.Stale(obs.Scope.String())
		}
		return err
	})
	return claim, err
}

const releaseScopeSQL = `UPDATE scopes SET claim = NULL, claim_fence = NULL WHERE uid = $1 AND claim = $2`

// Release gives up a claim.
func (s *Store) Release(ctx context.Context, claim ingest.Claim) error {
	_, err := s.db.Pool.Exec(ctx, releaseScopeSQL, claim.Scope, claim.Number)
	return kit.Fault(err)
}
