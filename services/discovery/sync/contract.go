package sync

import (
	"context"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Accounts is the accounts service, as a sync needs it. Its methods return Aborted if a later run
// has reported.
type Accounts interface {
	provider.CredentialSource
	// Syncing reports that the run is still running.
	Syncing(ctx context.Context, claim Claim, lease time.Duration) error
	// Concluded reports the outcome of the run.
	Concluded(ctx context.Context, claim Claim, outcome Outcome, end time.Time) error
	// Abandoned reports that the run ended without an outcome.
	Abandoned(ctx context.Context, claim Claim) error
}

// Inventory is the inventory service, as syncs and the scheduler need it.
type Inventory interface {
	// Observe begins the snapshot of a scope. The snapshot ends with Complete. If ctx ends first, it
	// has no effect.
	Observe(ctx context.Context, observation discovery.Observation) (Snapshot, error)
	// Fail records that a scope could not be observed. An empty ScopeID stands for the whole account.
	// Budgets as in Complete.
	Fail(ctx context.Context, observation discovery.Observation, budgets []ratelimit.BudgetState, failure *fault.Error) error
	// Scopes lists the stored scopes of an account.
	Scopes(ctx context.Context, account string) ([]StoredScope, error)
	// RemoveAccount removes an account with its scopes and instances.
	RemoveAccount(ctx context.Context, account string, token int64) error
}

// Snapshot is an observation of a scope that is being sent to the inventory.
type Snapshot interface {
	Send(instances []provider.Instance) error
	// Complete applies the snapshot: the listing ended without an error, and count instances were
	// sent. The end token was taken after that. Budgets are the states of the rate limits of the
	// scope's APIs. If the inventory has instances that were not sent, probe is called once with
	// them; an error of it ends the snapshot without effect.
	Complete(endToken, count int64, budgets []ratelimit.BudgetState, probe Probe) (Changes, error)
}

// Probe looks up missing instances by id. The end token was taken after the last answer.
type Probe func(ctx context.Context, missing []provider.Wanted) (findings []provider.Finding, endToken int64, err error)

// StoredScope is a scope as the inventory has it.
type StoredScope struct {
	provider.ScopeID
	Instances int64
	// Observed reports whether the scope was ever observed completely.
	Observed  bool
	LastError string
}

// isUnknown reports whether nothing of the scope was ever observed: its location may not exist.
func (s *StoredScope) isUnknown() bool { return !s.Observed && s.Instances == 0 }

// Runs stores sync runs. A report with a claim that is no longer valid returns ErrLost.
type Runs interface {
	// Claim gives a queued run to a worker. It returns NotFound if the run is not queued.
	Claim(ctx context.Context, run, worker string, lease time.Duration) (Claim, error)
	Renew(ctx context.Context, claim Claim, lease time.Duration) error
	// Plan stores the scopes of the run, in place of those before.
	Plan(ctx context.Context, claim Claim, scopes []ScopeResult) error
	Progress(ctx context.Context, claim Claim, changed []ScopeResult, totals Totals) error
	// Read stores the results of the scopes, before any other service is notified: a request for a
	// sync after that gets a new run.
	Read(ctx context.Context, claim Claim, scopes []ScopeResult, totals Totals) error
	// Conclude ends the run. Its account is due again after next. If a scope is held, the account is
	// due after settle if that is sooner, and after twice as long for each such run in a row.
	Conclude(ctx context.Context, claim Claim, outcome Outcome, next, settle time.Duration) error
	// Abandon ends the run without an outcome. Its account is due again after next.
	Abandon(ctx context.Context, claim Claim, why string, next time.Duration) error
	// NextToken returns a fencing token that is larger than all before.
	NextToken(ctx context.Context) (int64, error)
}
