package operation

import (
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// TargetState is the state of a target, spelled as the value of
// rollcall.discovery.v1.Target.State. The table in table.go has the ways between the
// states.
type TargetState string

// The states of a target.
const (
	// TargetPending: no worker has begun with it.
	TargetPending TargetState = "PENDING"
	// TargetChecking: the cloud is asked about the instance. No call is out.
	TargetChecking TargetState = "CHECKING"
	// TargetCalled: a call may be out, and nobody knows whether the cloud took it.
	TargetCalled TargetState = "CALLED"
	// TargetWaiting: the instance is on its way to the wanted state.
	TargetWaiting   TargetState = "WAITING"
	TargetSucceeded TargetState = "SUCCEEDED"
	TargetFailed    TargetState = "FAILED"
	TargetCancelled TargetState = "CANCELLED"
	TargetUnknown   TargetState = "UNKNOWN"
)

// Ended reports whether the target has reached its last state.
func (s TargetState) Ended() bool {
	switch s {
	case TargetSucceeded, TargetFailed, TargetCancelled, TargetUnknown:
		return true
	case TargetPending, TargetChecking, TargetCalled, TargetWaiting:
	}
	return false
}

// MayBeCalled reports whether a call for the target may be out.
func (s TargetState) MayBeCalled() bool { return s == TargetCalled || s == TargetWaiting }

// Target is one instance of an operation. It contains all that a worker needs to
// continue the work of another one.
type Target struct {
	// Index is the position in the operation, from 0.
	Index int
	// Instance is the id in the inventory.
	Instance string
	Account  string
	Provider cloud.Provider
	provider.ScopeID
	provider.Wanted
	// Etag is the one that the requester has read; "" if the request has none.
	Etag  string
	State TargetState
	// Exclusive names the thing that no other operation may work on meanwhile; "" if another target
	// of the operation holds it.
	Exclusive string
	// Unit is that of provider.Assessment.
	Unit string
	// Key identifies the call to clouds that recognize repeated requests.
	Key string
	// Already reports that the instance was in the wanted state before any call.
	Already bool
	// FromState is the state before the call; "" until the instance was observed.
	FromState, CurrentState provider.State
	ProviderState           string
	ObserveTime             time.Time
	// Calls counts the calls that were made, or were about to be made. CallTime is the
	// time of the last one.
	Calls     int
	CallTime  time.Time
	Reference string
	// Refusal is set if the target failed. It may be set if it is unknown or cancelled.
	Refusal *fault.Error
	Notes   []string
	Steps   []Step
	// Revision is the revision of the operation when the target last changed.
	Revision int64
}

// Step is one step of the work on a target.
type Step struct {
	Time  time.Time   `json:"time"`
	State TargetState `json:"state"`
	Text  string      `json:"text"`
}

// maxSteps bounds the stored steps of a target.
const maxSteps = 100

// step sets the state of the target, and adds a step.
func (t *Target) step(state TargetState, text string) {
	t.State = state
	if len(t.Steps) < maxSteps {
		t.Steps = append(t.Steps, Step{Time: time.Now(), State: state, Text: fault.Clip(text)})
	}
}

// observe sets the state of the instance to the one that was observed.
func (t *Target) observe(instance *provider.Instance, at time.Time) {
	t.CurrentState, t.ProviderState, t.ObserveTime = instance.State, instance.ProviderState, at
}

// observed returns the state of the instance, to compare it with another one.
func (t *Target) observed() string { return string(t.CurrentState) + " " + t.ProviderState }

// Block ends a target that another operation is working on.
func (t *Target) Block(inProgress error) {
	t.Refusal = fault.ForReason(fault.ReasonOperationInProgress, inProgress.Error(), "Wait for that operation to end, or cancel it.", nil).AsRetryable()
	t.Exclusive = ""
	t.step(TargetFailed, t.Refusal.Message)
}
