package provider

import (
	"context"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Verb is what is asked of an instance, as the enum word of the contract.
type Verb string

// The verbs.
const (
	// Start starts a stopped instance, and resumes a suspended one.
	Start Verb = "START"
	// Stop stops a running instance.
	Stop Verb = "STOP"
)

// Word is the verb in a sentence: `start`.
func (v Verb) Word() string {
	if v == Start {
		return "start"
	}
	return "stop"
}

// Wanted is the state that the verb ends in.
func (v Verb) Wanted() State {
	if v == Start {
		return StateRunning
	}
	return StateStopped
}

// Operator is a Session that can start and stop instances. The domain decides
// what is done and when; an Operator knows how its cloud does it. Nothing in it
// remembers anything from one call to the next: the process that follows a call
// may be another than the one that made it.
//
// Reads (Find, Check, Follow, Locate) may be repeated by whoever makes them. Act
// changes something, and is never repeated by an SDK.
type Operator interface {
	Session
	Finder

	// Check looks at instances of one scope as Find does, many in one call where
	// the cloud can, and says of each what would stand against the verb. It gives
	// one assessment for each, in their order. The error is the context's alone.
	Check(ctx context.Context, scope ScopeID, verb Verb, wanted []Wanted, calls Calls) ([]Assessment, error)

	// Act makes the one call that starts or stops an instance: exactly one request
	// that can change something. It is not repeated, not by an SDK either, unless
	// the request provably did not leave this machine.
	Act(ctx context.Context, order Order, calls Calls) Receipt

	// Follow looks once at how calls go that were made, or may have been, and that
	// are all of one scope. It gives one progress for each, in their order. The
	// error is the context's alone.
	Follow(ctx context.Context, scope ScopeID, pursuits []Pursuit, calls Calls) ([]Progress, error)

	// Locate looks for an instance by the cloud's own id, wherever in the account
	// it may be: in each region and kind that the hint leaves open. None is no
	// error. An error means that some place could not be looked at, and that it
	// was not found in the others.
	Locate(ctx context.Context, hint Hint, calls Calls) (*Located, error)

	// Remembers tells for how long the cloud knows an order of this kind by its
	// key: a second Act with the same key in that time is the same request, and
	// can't do it twice. 0 when the cloud knows no such keys.
	Remembers(kind Kind) time.Duration
}

// Recognizer is a Provider that knows its ids by their form.
type Recognizer interface {
	// Recognizes tells of which kind an instance with this id would be; false when
	// it is no id of this cloud's.
	Recognizes(providerID string) (Kind, bool)
}

// Hint is what is known of an instance that is to be looked for.
type Hint struct {
	// ProviderID is never empty.
	ProviderID string
	// Kind, Location: "" when unknown. Location is a scope's.
	Kind     Kind
	Location string
}

// Located is an instance that was looked for and found.
type Located struct {
	ScopeID
	Instance Instance
}

// Assessment is what can be known of a start or stop before the call.
type Assessment struct {
	// Finding is the instance as the cloud shows it now.
	Finding
	// Obstacle says why it can't be done, or must not be; nil when nothing is
	// known against it. An instance that is in the wanted state, or on its way
	// there, has none: the domain sees to that by the state.
	Obstacle *fault.Error
	// Unit is the larger thing that the call is made on, and what goes with it:
	// the Aurora cluster of a member, by its ARN. Empty: the instance alone.
	Unit string
	// Notes say what else will happen, a sentence each: `Stops all 3 members of the
	// cluster orders.`
	Notes []string
}

// Order is one start or stop to be done.
type Order struct {
	ScopeID
	Verb Verb
	// Instance as it was seen last: what Check found.
	Instance Instance
	// Unit as Check said.
	Unit string
	// Key is a UUID that stays the same when the order is repeated, for clouds
	// that know requests by one.
	Key string
}

// Effect is what is known of a request that can change something.
type Effect string

// The effects.
const (
	// Taken: the cloud said that it will do it.
	Taken Effect = "TAKEN"
	// NotTaken: the cloud said that it does not, or the request provably never
	// reached it. Nothing changed.
	NotTaken Effect = "NOT_TAKEN"
	// InDoubt: it was sent, and nobody knows.
	InDoubt Effect = "IN_DOUBT"
)

// Receipt is what came of an order.
type Receipt struct {
	Effect Effect
	// Reference is the cloud's own name of what it does now, such as a Compute
	// Engine operation's; empty when it gives none. It goes into Pursuit.
	Reference string
	// Unsent tells that the request never left: it waits for its turn in the budget,
	// or there was nobody to send it to.
	Unsent bool
	// State and ProviderState as the answer has them; empty when it has none.
	State         State
	ProviderState string
	// Refusal says why, unless it was taken.
	Refusal *fault.Error
}

// Pursuit is an order to be followed: it was made, or may have been by a process
// that died.
type Pursuit struct {
	Order
	// CallTime is just before the request was sent, by this database's clock.
	CallTime time.Time
	// Reference as in the receipt; empty when there was none, or it was lost.
	Reference string
}

// Progress is how far an order has come.
type Progress struct {
	// Finding is the instance as the cloud shows it now.
	Finding
	// Effect is what the cloud shows of the call itself: Taken when it is seen to
	// work, or to have worked, on it (a state that moved, a start time after
	// CallTime, an operation of its own); NotTaken when it proves that it had
	// none; InDoubt when it shows neither.
	Effect Effect
	// Reference of what works on it, when it was found only now.
	Reference string
	// Busy tells that the cloud itself has not ended what it does, though the
	// state may be the wanted one already.
	Busy bool
	// Refusal is set when the cloud took the call and gave it up: no capacity
	// found, terminated meanwhile.
	Refusal *fault.Error
}

// done is the verb's participle.
func (v Verb) Done() string {
	if v == Start {
		return "started"
	}
	return "stopped"
}
