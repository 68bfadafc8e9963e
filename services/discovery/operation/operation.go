package operation

import (
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// State is the state of an operation, spelled as the value of
// rollcall.discovery.v1.OperationMetadata.State.
type State string

// The states of an operation. One whose worker died or stopped is queued again.
const (
	StateQueued  State = "QUEUED"
	StateRunning State = "RUNNING"
	StateEnded   State = "ENDED"
)

// Operation is a request to start or stop instances, and its progress.
type Operation struct {
	// ID is a UUIDv7: ids grow with time.
	ID    string
	Verb  provider.Verb
	Batch bool
	State State
	Requester
	// Reason is the requester's own text.
	Reason string
	// RequestID is the id of the request, and RequestHash a hash of all that it asks
	// for. Both may be empty.
	RequestID   string
	RequestHash []byte
	// Filter selected the instances; "" if they were named.
	Filter string
	// OldestObserveTime and Unreachable describe how fresh and complete the inventory
	// was when the filter selected the instances.
	OldestObserveTime time.Time
	Unreachable       []string
	KeepStopped       bool
	MaxParallel       int
	// Revision grows with every change of the operation or its targets.
	Revision int64
	// A time is zero until it comes.
	CreateTime, StartTime, EndTime, Deadline, CancelTime time.Time
	Tally                                                Tally
	// Targets are in their order; nil if only the operation was read.
	Targets []*Target
}

// Requester describes who asked for something, as far as it is known.
type Requester struct {
	// User is "" if it is not known.
	User   string
	Source UserSource
	// Address is where the call came from, and UserAgent the program that made it.
	Address, UserAgent string
}

// UserSource is how the name of a user is known, spelled as the value of
// rollcall.discovery.v1.Requester.Source.
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

// Claim is a worker's lease on an operation.
type Claim struct {
	Operation string
	// Token is the fencing token of the lease: writes carry it, and fail if a larger
	// one exists.
	Token int64
	// Left is the time until the deadline, by the clock of the database.
	Left time.Duration
}

// Name returns the resource name of an operation.
func Name(id string) string { return "operations/" + id }

// InstanceName returns the resource name of an instance.
func InstanceName(id string) string { return "instances/" + id }

// ErrOperationLost returns the error of a write by a worker whose lease has passed to
// another one.
func ErrOperationLost(claim Claim) error {
	return fault.New(fault.KindAborted, fault.ReasonOperationLost, "another worker has taken over %s", Name(claim.Operation))
}

// ErrOperationCancelled returns the error of a call that must not be made because the
// operation was cancelled.
func ErrOperationCancelled(id string) error {
	return fault.New(fault.KindAborted, fault.ReasonOperationCancelled, "%s was cancelled", Name(id))
}

// ErrInProgress returns the error of a request for an instance that another operation
// is working on.
func ErrInProgress(instance, operation string) error {
	return fault.New(fault.KindAborted, fault.ReasonOperationInProgress, "%s is working on %s: wait for it to end, or cancel it",
		Name(operation), instance).With("operation", Name(operation)).With("name", instance)
}
