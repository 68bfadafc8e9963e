package ingest

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// Store is the storage that ingest needs. All errors of the service's methods that are not documented
// here are those of the database.
type Store interface {
	// Claim makes the observation the one that is under way in its scope. Errors: ABORTED with
	// STALE_OBSERVATION if a newer one is stored or under way, or if the account was removed since.
	Claim(ctx context.Context, obs inventory.Observation) (Claim, error)
	// Release gives up a claim.
	Release(ctx context.Context, claim Claim) error
	// Load reads the instances that are stored alive in the claimed scope, in the background.
	Load(ctx context.Context, claim Claim) Loading
	// Stage returns an empty stage for instances of the observation. single is set for the observation
	// of a single instance, whose time is stored with the instance.
	Stage(obs inventory.Observation, single bool) Stage
	// ApplySnapshot runs fn in a transaction, and then logs the changes that fn wrote. It runs fn again
	// if another transaction interferes. Few snapshots are applied at once; the others wait.
	ApplySnapshot(ctx context.Context, work Work, fn func(Tx) error) error
	// ApplyInstance is ApplySnapshot for a single instance, which does not wait.
	ApplyInstance(ctx context.Context, work Work, fn func(Tx) error) error
	// Describe returns what a provider needs to be asked for these instances.
	Describe(ctx context.Context, uids []uuid.UUID) ([]inventory.Instance, error)

	// FailScope records that the scope could not be observed. Nothing else changes. A scope that was
	// never observed and is retired leaves the inventory. Errors: ABORTED with STALE_OBSERVATION if a
	// newer observation of the scope has ended.
	FailScope(ctx context.Context, obs inventory.Observation, failure inventory.Failure) error
	// FailAccount records that nothing of the account, or of one kind in it, could be observed: in each
	// of its scopes, and in one that stands for all of them if there is none. A scope of which a newer
	// observation has ended is left as it is. Errors: ABORTED with STALE_OBSERVATION if all are, or if
	// the account was removed since.
	FailAccount(ctx context.Context, obs inventory.Observation, failure inventory.Failure) error
	// RemoveAccount removes the scopes of an account and marks its instances as gone. Observations with
	// a smaller token than fence can't bring them back. It may be repeated. Errors: ABORTED with
	// STALE_OBSERVATION if the account was observed, or removed, with a larger token.
	RemoveAccount(ctx context.Context, account string, fence int64) error
	// ConfirmScope confirms what inventory.ScopeState.Confirm decides. Errors: NOT_FOUND; those of
	// Confirm.
	ConfirmScope(ctx context.Context, key inventory.ScopeKey, holdTime time.Time) (inventory.Scope, error)
}

// Claim is the right of an observation to be applied to its scope.
type Claim struct {
	Scope  uuid.UUID
	Number int64
	// Stored is the number of instances of the scope when it was claimed.
	Stored int64
}

// Loading reads the instances that are stored in a scope.
type Loading interface {
	// Next returns some more instances; none at the end, or if Err is not nil.
	Next() []inventory.StoredInstance
	// Err returns why not all instances could be read, once Next has come to it.
	Err() error
	// Close ends the reading and waits for its end.
	Close()
}

// Stage keeps instances until they are written.
type Stage interface {
	// Add adds an instance, and keeps nothing of it but its encoded form.
	Add(i *inventory.Instance) error
	// Close drops what was added.
	Close() error
}

// Work describes what a transaction applies.
type Work struct {
	Observation    inventory.Observation
	Reconciliation *inventory.Reconciliation
	Stage          Stage
}

// Tx is a transaction that applies a Work.
type Tx interface {
	// EnsureScope inserts the row of the scope if there is none. Errors: ABORTED with
	// STALE_OBSERVATION if the account was removed since the observation began.
	EnsureScope(ctx context.Context) error
	// LockScope locks the scope until the transaction ends and returns its state; nil if its account
	// was removed.
	LockScope(ctx context.Context) (*inventory.ScopeState, error)
	// Newer returns the instances of the scope that are stored with a token that is not smaller than
	// that of the observation.
	Newer(ctx context.Context, take func(uuid.UUID, inventory.Stored)) error
	// HeldInstances returns the instances that the scope is held for.
	HeldInstances(ctx context.Context) ([]uuid.UUID, error)
	// Write writes what the reconciliation decided, and marks the instances in gone as gone. added is
	// by how much the scope grew.
	Write(ctx context.Context, gone []uuid.UUID) (changes inventory.Changes, added int64, err error)
	// FinishScope ends the observation of the scope.
	FinishScope(ctx context.Context, state *inventory.ScopeState, outcome Outcome) error

	// VouchInstance records that the observation found an instance unchanged.
	VouchInstance(ctx context.Context, uid uuid.UUID) error
	// CountInstance records the observation of a single instance in the scope, which grew by added.
	CountInstance(ctx context.Context, added int64) error
	// ReleaseInstance ends the hold of the scope as far as it is for this instance.
	ReleaseInstance(ctx context.Context, uid uuid.UUID) error
	// Instance returns an instance as it is stored now.
	Instance(ctx context.Context, uid uuid.UUID) (inventory.Instance, error)
}

// Outcome is the outcome of the observation of a scope.
type Outcome struct {
	// Added is by how much the scope grew.
	Added int64
	// Failure is why the observation does not vouch for all of the scope; zero if it does.
	Failure inventory.Failure
	// Hold is that of the scope from now on, for the instances in Held; nil for none.
	Hold *inventory.Hold
	Held []uuid.UUID
	// Budgets are those that the observation left.
	Budgets []inventory.APIBudget
}
