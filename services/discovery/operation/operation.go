package operation

import (
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// OperationState is where an operation is in its life, as the enum word of the
// contract.
type OperationState string

// The states of an operation. One whose worker died or stopped is queued again.
const (
	OperationQueued  OperationState = "QUEUED"
	OperationRunning OperationState = "RUNNING"
	OperationEnded   OperationState = "ENDED"
)

// TargetState is where an instance is in an operation, as the enum word of the
// contract.
type TargetState string

// The states of a target; see the package documentation for the ways between
// them.
const (
	TargetPending   TargetState = "PENDING"
	TargetChecking  TargetState = "CHECKING"
	TargetCalled    TargetState = "CALLED"
	TargetWaiting   TargetState = "WAITING"
	TargetSucceeded TargetState = "SUCCEEDED"
	TargetFailed    TargetState = "FAILED"
	TargetCancelled TargetState = "CANCELLED"
	TargetUnknown   TargetState = "UNKNOWN"
)

// Ended tells whether nothing more will happen to the target.
func (s TargetState) Ended() bool {
	switch s {
	case TargetSucceeded, TargetFailed, TargetCancelled, TargetUnknown:
		return true
	case TargetPending, TargetChecking, TargetCalled, TargetWaiting:
	}
	return false
}

// Operation is one start or stop that was asked for.
type Operation struct {
	// ID is a UUIDv7: ids grow with time.
	ID    string
	Verb  provider.Verb
	Batch bool
	State OperationState
	Requester
	// Reason in the words of who asked.
	Reason string
	// RequestID of the request, and a hash of all that it asked for; may be empty.
	RequestID   string
	RequestHash []byte
	// Filter that the instances were chosen by; "" when they were named.
	Filter string
	// OldestObserveTime and Unreachable say how far the filter's choice can be
	// vouched for.
	OldestObserveTime time.Time
	Unreachable       []string
	KeepStopped       bool
	MaxParallel       int
	// Revision grows with every change of the operation or its targets.
	Revision int64
	// Times are zero until they came.
	CreateTime, StartTime, EndTime, Deadline, CancelTime time.Time
	Tally                                                Tally
	// Targets in their order; nil when only the operation was asked for.
	Targets []*Target
}

// Requester is who asked for something, as far as it is known.
type Requester struct {
	// User is "" when nothing told.
	User   string
	Source UserSource
	// Address that the call came from, and the program that made it.
	Address, UserAgent string
}

// UserSource is how a user's name came to be known, as the enum word of the
// contract.
type UserSource string

// The sources.
const (
	UserUnknown   UserSource = "UNKNOWN"
	UserForwarded UserSource = "FORWARDED_HEADER"
	UserSystem    UserSource = "SYSTEM"
)

// Tally counts the targets of an operation.
type Tally struct {
	Total, Pending, Running, Succeeded, Already, Failed, Cancelled, Unknown int
}

// Target is one instance of an operation: where it is, and all that a worker
// must know to go on with it.
type Target struct {
	// Place in the operation's order.
	Place int
	// Instance is its id on the roll.
	Instance string
	Account  string
	Provider provider.ProviderName
	provider.ScopeID
	provider.Wanted
	// Etag that the caller took it to have; "" when they did not say.
	Etag  string
	State TargetState
	// Exclusive is what no other operation may work on meanwhile; "" when another
	// target of the operation stands for it.
	Exclusive string
	// Unit as in Assessment.
	Unit string
	// Key of its call.
	Key string
	// Already tells that it was in the wanted state before anything was done.
	Already bool
	// FromState is the state before; "" until it was looked at.
	FromState, CurrentState provider.State
	ProviderState           string
	ObserveTime             time.Time
	// Calls that were made, or were about to be, and the time of the last.
	Calls     int
	CallTime  time.Time
	Reference string
	// Refusal is set when it failed, and may be when it is unknown or cancelled.
	Refusal *fault.Error
	Notes   []string
	Steps   []Step
	// Revision of the operation when it last changed.
	Revision int64
}

// Step is one step of the work on a target.
type Step struct {
	Time  time.Time   `json:"time"`
	State TargetState `json:"state"`
	Text  string      `json:"text"`
}

// maxSteps bounds what is told of one target.
const maxSteps = 100

// step says what was done, and where the target came by it.
func (t *Target) step(state TargetState, text string) {
	t.State = state
	if len(t.Steps) < maxSteps {
		t.Steps = append(t.Steps, Step{Time: time.Now(), State: state, Text: fault.Clip(text)})
	}
}

// OperationClaim is a worker's hold on an operation.
type OperationClaim struct {
	Operation string
	// Token fences: writes about the operation carry it, and lose against a larger
	// one.
	Token int64
	// Left is how long until the deadline, by the database's clock.
	Left time.Duration
}

// OperationName is an operation's resource name, for what people read.
func OperationName(id string) string { return "operations/" + id }

// InstanceName is an instance's resource name.
func InstanceName(id string) string { return "instances/" + id }

// ErrOperationLost is the fault of writing about an operation that is no longer
// one's own: its worker was taken for dead.
func ErrOperationLost(claim OperationClaim) error {
	return fault.New(fault.KindAborted, discovery.ReasonOperationLost, "%s is no longer this worker's", OperationName(claim.Operation))
}

// ErrOperationCancelled is the fault of a call that is not to go out.
func ErrOperationCancelled(id string) error {
	return fault.New(fault.KindAborted, discovery.ReasonCancelled, "%s was cancelled", OperationName(id))
}

// ErrInProgress is the fault of working on what another operation works on.
func ErrInProgress(instance, operation string) error {
	return fault.New(fault.KindAborted, fault.ReasonOperationInProgress, "%s works on %s at the moment: wait for it to end, or cancel it",
		OperationName(operation), instance).With("operation", OperationName(operation)).With("name", instance)
}

// AuditEvent is what happened, as the enum word of the contract.
type AuditEvent string

// The events.
const (
	AuditRequested       AuditEvent = "REQUESTED"
	AuditRefused         AuditEvent = "REFUSED"
	AuditValidated       AuditEvent = "VALIDATED"
	AuditCalled          AuditEvent = "CALLED"
	AuditEnded           AuditEvent = "ENDED"
	AuditCancelRequested AuditEvent = "CANCEL_REQUESTED"
	AuditDeleted         AuditEvent = "DELETED"
	AuditReleased        AuditEvent = "RELEASED"
)

// AuditEntry is one thing that happened.
type AuditEntry struct {
	// ID is a UUIDv7, given by the store, as the time is.
	ID    string
	Time  time.Time
	Event AuditEvent
	Verb  provider.Verb
	Requester
	Reason, RequestID string
	// Operation, Instance, Account are ids; "" when there is none.
	Operation, Instance, Account string
	ProviderID, DisplayName      string
	Filter                       string
	Outcome                      TargetState
	OutcomeReason                string
	Message                      string
	InstanceState                provider.State
}

// about is an entry on the operation.
func (o *Operation) about(event AuditEvent) AuditEntry {
	return AuditEntry{
		Event: event, Verb: o.Verb, Requester: o.Requester, Reason: o.Reason, RequestID: o.RequestID,
		Operation: o.ID, Filter: o.Filter,
	}
}

// entry is an entry on one of the operation's targets.
func (o *Operation) entry(event AuditEvent, t *Target) AuditEntry {
	e := o.about(event)
	e.Instance, e.Account, e.ProviderID, e.DisplayName = t.Instance, t.Account, t.ProviderID, t.DisplayName
	e.InstanceState = t.CurrentState
	if event == AuditEnded {
		e.Outcome = t.State
	}
	if len(t.Steps) > 0 {
		e.Message = t.Steps[len(t.Steps)-1].Text
	}
	if t.Refusal != nil {
		e.OutcomeReason, e.Message = string(t.Refusal.Reason), t.Refusal.Message
	}
	return e
}

// Held is an instance as the roll has it.
type Held struct {
	// ID is the last part of instances/{instance}.
	ID       string
	Account  string
	Provider provider.ProviderName
	provider.ScopeID
	Instance provider.Instance
	Etag     string
	Gone     bool
}

// Wanted is what the cloud is asked for it by.
func (h *Held) Wanted() provider.Wanted { return asWanted(&h.Instance) }

func asWanted(i *provider.Instance) provider.Wanted {
	return provider.Wanted{ProviderID: i.ProviderID, ProviderURI: i.ProviderURI, DisplayName: i.DisplayName, Zone: i.Zone}
}

// ScopeOf returns the scope that an instance belongs to, by its location.
func ScopeOf(name provider.ProviderName, kind provider.Kind, region, zone string) provider.ScopeID {
	return provider.ScopeID{Kind: kind, Location: registry.ScopeLocation(name, kind, region, zone)}
}

// Block ends a target that another operation works on.
func (t *Target) Block(inProgress error) {
	t.Refusal = fault.ForReason(fault.ReasonOperationInProgress, inProgress.Error(), "Wait for that operation to end, or cancel it.", nil).AsRetryable()
	t.Exclusive = ""
	t.step(TargetFailed, t.Refusal.Message)
}
