package sync

import (
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// RunState is the state of a run, as the enum value of the contract.
type RunState string

// The states. The documentation of package discovery has the transitions.
const (
	RunQueued    RunState = "QUEUED"
	RunRunning   RunState = "RUNNING"
	RunSucceeded RunState = "SUCCEEDED"
	RunDegraded  RunState = "DEGRADED"
	RunFailed    RunState = "FAILED"
	RunAbandoned RunState = "ABANDONED"
)

// Ended reports whether the state is final.
func (s RunState) Ended() bool { return s != RunQueued && s != RunRunning }

// Trigger is the cause of a run, as the enum value of the contract.
type Trigger string

// The triggers.
const (
	// BySchedule: the account was due.
	BySchedule Trigger = "SCHEDULE"
	// ByRequest: a caller requested it.
	ByRequest Trigger = "REQUEST"
)

// Run is one sync of one account.
type Run struct {
	// ID is a UUIDv7: ids grow with time.
	ID      string
	Account string
	State   RunState
	Trigger Trigger
	// Revision grows with every change of the run.
	Revision int64
	// Each time is zero until it has come.
	CreateTime, StartTime, EndTime time.Time
	Totals
	// Scopes are ordered by kind and location; nil if only the run was requested.
	Scopes []ScopeResult
	// Error, Reason and Remedy describe the failure of the run as a whole.
	Error  string
	Reason fault.Reason
	Remedy string
}

// Totals are sums over the scopes of a run.
type Totals struct {
	ScopesTotal, ScopesDone, ScopesFailed int
	InstancesSeen                         int64
}

// ScopeState is the state of a scope in a run, as the enum value of the contract.
type ScopeState string

// The states of a scope.
const (
	ScopePending   ScopeState = "PENDING"
	ScopeRunning   ScopeState = "RUNNING"
	ScopeSucceeded ScopeState = "SUCCEEDED"
	ScopeFailed    ScopeState = "FAILED"
	// ScopeHeld: it was read, and the deletion of missing instances is not proven yet.
	ScopeHeld ScopeState = "HELD"
)

// ScopeResult is the result of one scope in a run.
type ScopeResult struct {
	provider.ScopeID
	State              ScopeState
	StartTime, EndTime time.Time
	InstancesSeen      int64
	Changes
	// Requests counts the requests to the provider, including repeated ones; Throttled, those that it
	// throttled.
	Requests, Throttled int
	Error               string
	Reason              fault.Reason
}

// Changes are the effects of a snapshot on the inventory.
type Changes struct {
	Created, Changed, Gone, Reappeared int64
	// Missing counts missing instances that are not marked as gone; MissingReason states why, for
	// people.
	Missing       int64
	MissingReason string
}

// Claim is a worker's right to a run.
type Claim struct {
	Run, Account string
	Trigger      Trigger
	// Token is the fencing token. Every report on the run carries it; one with an older token is refused.
	Token int64
}

// RunName returns the resource name of a run.
func RunName(id string) string { return "syncRuns/" + id }

// ErrLost returns the fault of a report on a run that another worker has claimed, or whose account
// was removed.
func ErrLost(claim Claim) error {
	return fault.New(fault.KindAborted, fault.ReasonRunLost, "%s is claimed by another worker", RunName(claim.Run))
}
