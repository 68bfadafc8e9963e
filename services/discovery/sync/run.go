package sync

import (
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// RunState is where a run is in its life, as the enum word of the contract.
type RunState string

// The states; see the package documentation for the ways between them.
const (
	RunQueued    RunState = "QUEUED"
	RunRunning   RunState = "RUNNING"
	RunSucceeded RunState = "SUCCEEDED"
	RunDegraded  RunState = "DEGRADED"
	RunFailed    RunState = "FAILED"
	RunAbandoned RunState = "ABANDONED"
)

// Ended tells whether nothing more will happen to the run.
func (s RunState) Ended() bool { return s != RunQueued && s != RunRunning }

// Trigger is what made a run start, as the enum word of the contract.
type Trigger string

// The triggers.
const (
	// BySchedule: the account was due.
	BySchedule Trigger = "SCHEDULE"
	// ByRequest: someone asked.
	ByRequest Trigger = "REQUEST"
)

// Run is one reading of one account.
type Run struct {
	// ID is a UUIDv7: ids grow with time.
	ID      string
	Account string
	State   RunState
	Trigger Trigger
	// Revision grows with every change of the run.
	Revision int64
	// Times are zero until they came.
	CreateTime, StartTime, EndTime time.Time
	Totals
	// Scopes by kind and location; nil when only the run was asked for.
	Scopes []ScopeResult
	// Error, Reason and Remedy are of the run as a whole.
	Error  string
	Reason fault.Reason
	Remedy string
}

// Totals sums up the scopes of a run.
type Totals struct {
	ScopesTotal, ScopesDone, ScopesFailed int
	InstancesSeen                         int64
}

// ScopeState is where a scope is in a run, as the enum word of the contract.
type ScopeState string

// The states of a scope.
const (
	ScopePending   ScopeState = "PENDING"
	ScopeRunning   ScopeState = "RUNNING"
	ScopeSucceeded ScopeState = "SUCCEEDED"
	ScopeFailed    ScopeState = "FAILED"
	// ScopeHeld: read to the end, and what it lacked is not believed to be gone
	// yet, or could not be asked for.
	ScopeHeld ScopeState = "HELD"
)

// ScopeResult is what came of one scope in a run.
type ScopeResult struct {
	provider.ScopeID
	State              ScopeState
	StartTime, EndTime time.Time
	InstancesSeen      int64
	Changes
	// Requests to the cloud, repeated ones counted, and how many of them it
	// throttled.
	Requests, Throttled int
	Error               string
	Reason              fault.Reason
}

// Changes is what a snapshot did to the roll.
type Changes struct {
	Created, Changed, Gone, Reappeared int64
	// Missing were lacking and are not marked as gone yet; MissingReason says why,
	// for people.
	Missing       int64
	MissingReason string
}

// Claim is a worker's hold on a run.
type Claim struct {
	Run, Account string
	Trigger      Trigger
	// Token fences: reports on the run carry it, and lose against a larger one.
	Token int64
}

// RunName is a run's resource name, for what people read.
func RunName(id string) string { return "syncRuns/" + id }

// ErrLost is the fault of reporting on a run that is no longer one's own: it was
// taken for dead, or its account has left the roll.
func ErrLost(claim Claim) error {
	return fault.New(fault.KindAborted, fault.ReasonRunLost, "%s is no longer this worker's", RunName(claim.Run))
}
