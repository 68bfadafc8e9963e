package provider

import (
	"context"

	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Provider reads one cloud. Its errors are *fault.Error, or the context's, or what
// the Sink returned. Package providertest has the suite that each passes.
type Provider interface {
	// Open prepares to read an account. It may look at this machine, and calls
	// no cloud.
	Open(ctx context.Context, account Account, credentials Credentials) (Session, error)
}

// Session is a way into one account, for the length of one run. Its methods may
// be called at the same time.
type Session interface {
	// Identity is the cloud's own id of the account that the credentials open,
	// as the cloud says.
	Identity(ctx context.Context) (string, error)

	// Scopes are all that is wanted of the account, each once, in order. One
	// that is wanted and can't be read comes with its failure. At least one.
	Scopes(ctx context.Context) ([]PlannedScope, error)

	// Read lists a scope into sink, page by page as they come. Only when it
	// returns nil was the scope read to its end; it may have sent pages and fail
	// later. An instance that moved between pages may be sent twice.
	Read(ctx context.Context, scope ScopeID, sink Sink) error
}

// BatchSession is a Session of a cloud that lists many scopes at once. Scopes of
// one batch are read by ReadBatch, together, and by Read only when they are
// wanted alone.
type BatchSession interface {
	Session

	// Batch names the listing that a scope is part of; "" when it is read alone.
	Batch(scope ScopeID) string

	// ReadBatch lists all that is wanted in a batch into sink. Only when it returns
	// nil was each of its scopes read to its end, but for those that it failed. A
	// scope that is in the batch and not in the listing holds nothing.
	ReadBatch(ctx context.Context, batch string, sink BatchSink) error
}

// BatchSink takes what a BatchSession reads. Its methods are not called at the
// same time, except Called.
type BatchSink interface {
	// Page takes some instances of a scope, which may be one that the plan lacks.
	// An error of it ends the read.
	Page(ctx context.Context, scope ScopeID, instances []Instance) error
	// Fail says that a scope could not be read, while others go on. What was sent
	// of it before is of no effect.
	Fail(scope ScopeID, failure *fault.Error)
	// Called counts one request to the cloud, each repetition for itself, and
	// whether the cloud throttled it.
	Called(throttled bool)
}

// Sink takes what a Session reads of one scope. Its methods are not called at
// the same time, except Called.
type Sink interface {
	// Page takes some instances. An error of it ends the read.
	Page(ctx context.Context, instances []Instance) error
	// Called counts one request to the cloud, each repetition for itself, and
	// whether the cloud throttled it.
	Called(throttled bool)
}

// ScopeID names a scope within its account: the smallest thing whose truth is
// known at once.
type ScopeID struct {
	Kind Kind
	// Location is the region (AWS) or zone (Google Cloud), or WholeKind.
	Location string
}

// WholeKind is the location of a planned scope that failed and that stands for
// all of its kind: no location of it could be found out.
const WholeKind = "-"

// String names the scope for people: `virtual machines in eu-west-1`.
func (s ScopeID) String() string {
	if s.Location == WholeKind {
		return "all " + s.Kind.Plural()
	}
	return s.Kind.Plural() + " in " + s.Location
}

// PlannedScope is a scope that a run is to read.
type PlannedScope struct {
	ScopeID
	// Failure says why it can't be read, known before trying; else nil.
	Failure *fault.Error
	// Retired tells that the scope is not going to be read again, and Failure says why: its
	// location was switched off, or is no longer wanted.
	Retired bool
}

// Finder is a Session that can be asked for single instances by their ids: before
// what a listing lacked is marked gone, and around start and stop.
type Finder interface {
	// Find asks the cloud for exactly these instances of one scope, many in one
	// call where the cloud can. It gives one finding for each, in their order;
	// what the cloud could not be asked is Undecided, with the failure. The error
	// is the context's alone.
	Find(ctx context.Context, scope ScopeID, wanted []Wanted, calls Calls) ([]Finding, error)
}

// Wanted is an instance to ask for, as far as it is known.
type Wanted struct {
	ProviderID  string
	ProviderURI string
	DisplayName string
	// Zone is needed by clouds that address an instance by it; may be empty.
	Zone string
}

// Finding is what a cloud said of one instance.
type Finding struct {
	ProviderID string
	Evidence   Evidence
	// Instance is set for Found.
	Instance *Instance
	// Failure is set for Undecided.
	Failure *fault.Error
}

// Evidence is what an answer proves, as the enum word of the contract.
type Evidence string

// The evidence.
const (
	// Found: it is there.
	Found Evidence = "FOUND"
	// NotFound: the cloud said of this very id that there is none.
	NotFound Evidence = "NOT_FOUND"
	// Unlisted: the cloud answered without an error and without it.
	Unlisted Evidence = "UNLISTED"
	// Undecided: the cloud could not be asked, or gave no answer that tells.
	Undecided Evidence = "CANT_TELL"
)

// Calls counts requests to a cloud.
type Calls interface {
	// Called counts one request to the cloud, each repetition for itself, and
	// whether the cloud throttled it.
	Called(throttled bool)
}

// Spender is a Session that says which APIs a scope is read by.
type Spender interface {
	APIs(scope ScopeID) []ratelimit.API
}
