package provider

import (
	"context"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Operator is a Session that can start and stop instances. The domain decides what is done and
// when; an Operator knows how its cloud does it. It keeps no state between calls: the process that
// follows a call may be another than the one that made it.
//
// The reads (Probe, Check, Follow, Locate) may be repeated. Act changes something and is never
// repeated by an SDK.
type Operator interface {
	Session
	Prober

	// Check polls instances of one scope like Probe and assesses whether the verb is possible. It
	// returns one assessment for each instance, in the same order. The error is that of the
	// context.
	Check(ctx context.Context, scope ScopeID, verb Verb, wanted []Wanted, calls Calls) ([]Assessment, error)

	// Act makes the call that starts or stops an instance: exactly one request that can change
	// something. Nothing repeats it, not even an SDK, unless the request provably did not leave
	// this machine.
	Act(ctx context.Context, order Order, calls Calls) Receipt

	// Follow polls the progress of orders that were placed, or may have been, and that belong to
	// one scope. It returns one progress for each, in the same order. The error is that of the
	// context.
	Follow(ctx context.Context, scope ScopeID, orders []PlacedOrder, calls Calls) ([]Progress, error)

	// Locate searches the account for an instance by the cloud's own id, in each region and kind
	// that the hint leaves open. It returns nil and no error if there is none. An error means that
	// some location could not be searched and that the others do not have the instance.
	Locate(ctx context.Context, hint Hint, calls Calls) (*Located, error)

	// IdempotencyWindow returns how long the cloud recognizes the key of an order of this kind: a
	// second Act with the same key in that time has no further effect. It returns 0 if the cloud
	// supports no such keys.
	IdempotencyWindow(kind cloud.Kind) time.Duration
}

// Recognizer is a Provider that recognizes the ids of its cloud by their form.
type Recognizer interface {
	// Recognizes returns the kind of the instance that an id would belong to, and false if it is no
	// id of this cloud.
	Recognizes(providerID string) (cloud.Kind, bool)
}

// Hint has the known properties of an instance to locate.
type Hint struct {
	// ProviderID is never empty.
	ProviderID string
	// Kind and Location are "" if they are unknown. Location is that of a scope.
	Kind     cloud.Kind
	Location string
}

// Located is an instance that Locate found.
type Located struct {
	ScopeID
	Instance Instance
}

// Assessment has everything that is known about a start or stop before the call.
type Assessment struct {
	// Finding is the instance as the cloud shows it now.
	Finding
	// Obstacle is why the verb is not possible or must not be done; nil if nothing is known against
	// it. An instance that is in the wanted state, or on its way there, has none: the domain
	// decides that by the state.
	Obstacle *fault.Error
	// Unit is the address of the larger resource that the call is made on, such as the Aurora
	// cluster of a member. It is empty if the call is made on the instance itself.
	Unit string
	// Notes describe further effects, a sentence each: `Stops the cluster orders with all its 3
	// members.`
	Notes []string
}

// Order is one start or stop to place.
type Order struct {
	ScopeID
	Verb Verb
	// Instance is the instance as Check found it.
	Instance Instance
	// Unit is that of the assessment.
	Unit string
	// Key is a UUID that stays the same when the order is repeated, for clouds that support
	// idempotency keys.
	Key string
}

// Effect states whether a request that can change something had an effect.
type Effect string

// The effects.
const (
	// Taken: the cloud accepted the request.
	Taken Effect = "TAKEN"
	// NotTaken: the cloud rejected the request, or the request provably did not reach it. Nothing
	// changed.
	NotTaken Effect = "NOT_TAKEN"
	// InDoubt: the request was sent, and its effect is unknown.
	InDoubt Effect = "IN_DOUBT"
)

// Receipt is the result of an order.
type Receipt struct {
	Effect Effect
	// Reference is the cloud's name of the work that it does now, such as a Compute Engine
	// operation. It is empty if there is none. It becomes part of the PlacedOrder.
	Reference string
	// Unsent reports that the request did not leave this machine: it waits for its budget, or there
	// was no connection.
	Unsent bool
	// State and ProviderState are those of the answer. They are empty if it has none.
	State         State
	ProviderState string
	// Refusal is why the effect is not Taken.
	Refusal *fault.Error
}

// PlacedOrder is an order to follow: it was placed, or may have been by a process that died.
type PlacedOrder struct {
	Order
	// CallTime is the time just before the request was sent, by the clock of the database.
	CallTime time.Time
	// Reference is that of the receipt. It is empty if there was none, or if it was lost.
	Reference string
}

// Progress is the progress of an order.
type Progress struct {
	// Finding is the instance as the cloud shows it now.
	Finding
	// Effect is that of the call itself, as the cloud shows it. It is Taken if the cloud works on it
	// or did so (the state moved, the start time is after CallTime, there is an operation),
	// NotTaken if the cloud proves that the call had no effect, and InDoubt otherwise.
	Effect Effect
	// Reference is the cloud's name of the work, if it was found only now.
	Reference string
	// Busy reports that the cloud itself has not ended its work, even if the state is the wanted one
	// already.
	Busy bool
	// Refusal is set if the cloud accepted the call and failed to complete it, for example because
	// it has no capacity or the instance was deleted.
	Refusal *fault.Error
}
