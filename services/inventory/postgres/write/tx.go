package write

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/ingest"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// transaction applies a work. It implements ingest.Tx.
type transaction struct {
	tx             pgx.Tx
	obs            inventory.Observation
	reconciliation *inventory.Reconciliation
	stage          *stage
	// others are the scopes that instances come from. They are locked together with the own one.
	others []uuid.UUID
	// fresh are the instances that were not known in the scope; nil before they were looked up. known are
	// those of them that are stored nevertheless.
	fresh, known []uuid.UUID
	// moved is the number of instances that came from other scopes.
	moved   int64
	journal journal
}

// repeatError means that a transaction must begin again, with the locks of these scopes too, because all
// locks are taken in one order.
type repeatError struct{ scopes []uuid.UUID }

func (*repeatError) Error() string { return "the transaction needs locks of other scopes" }

// attempts is how often a transaction begins again before its caller has to.
const attempts = 10

// ApplySnapshot applies a work in its turn.
func (s *Store) ApplySnapshot(ctx context.Context, work ingest.Work, fn func(ingest.Tx) error) error {
	select {
	case s.applying <- struct{}{}:
		defer func() { <-s.applying }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.ApplyInstance(ctx, work, fn)
}

// ApplyInstance applies a work at once.
func (s *Store) ApplyInstance(ctx context.Context, work ingest.Work, fn func(ingest.Tx) error) error {
	staged, ok := work.Stage.(*stage)
	if !ok {
		return fmt.Errorf("write: the stage is a %T and not one of this store", work.Stage)
	}
	t := &transaction{obs: work.Observation, reconciliation: work.Reconciliation, stage: staged}
	for range attempts {
		err := pgx.BeginTxFunc(ctx, s.db.Pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
			t.tx, t.moved, t.journal = tx, 0, journal{}
			if err := fn(t); err != nil {
				return err
			}
			return t.journal.write(ctx, tx, t.obs.Time)
		})
		repeat, ok := errors.AsType[*repeatError](err)
		switch {
		case ok:
			t.others = append(t.others, repeat.scopes...)
		case kit.Constraint(err) == "instances_pkey": // created in another scope just now
		default:
			return kit.Fault(err)
		}
	}
	return fault.New(fault.KindAborted, fault.ReasonConflict, "instances of %s move between scopes; try again", t.obs.Scope)
}

// EnsureScope inserts the row of the scope if there is none.
func (t *transaction) EnsureScope(ctx context.Context) error { return ensureScope(ctx, t.tx, t.obs) }

// LockScope locks the scope, and with it those that instances come from.
func (t *transaction) LockScope(ctx context.Context) (*inventory.ScopeState, error) {
	if len(t.others) > 0 {
		all := append(slices.Clone(t.others), t.obs.Scope.UID())
		if _, err := t.tx.Exec(ctx, lockAllSQL, postgres.UIDs(all)); err != nil {
			return nil, err
		}
	}
	state, err := lockScope(ctx, t.tx, t.obs.Scope)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // nil is the answer: the account was removed.
	}
	return &state, err
}

const newerStoredSQL = loadStoredSQL + ` AND fence >= $2`

// Newer reads what newer observations of single instances wrote since the snapshot began.
func (t *transaction) Newer(ctx context.Context, take func(uuid.UUID, inventory.Stored)) error {
	rows, err := t.tx.Query(ctx, newerStoredSQL, t.obs.Scope.UID(), t.obs.Fence)
	if err != nil {
		return err
	}
	return eachStored(rows, take)
}

// Instance returns an instance as it is stored now.
func (t *transaction) Instance(ctx context.Context, uid uuid.UUID) (inventory.Instance, error) {
	return postgres.GetInstance(ctx, t.tx, uid)
}
