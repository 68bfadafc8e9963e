package provider

import (
	"context"

	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Provider reads the accounts of one cloud.
type Provider interface {
	// Open prepares to read an account. It may read the environment of this machine, and calls no
	// cloud.
	Open(ctx context.Context, account Account, credentials Credentials) (Session, error)
}

// Session gives access to one account for the duration of one run. Its methods are safe for
// concurrent use.
type Session interface {
	// Identity returns the cloud's own id of the account that the credentials belong to, as the
	// cloud reports it.
	Identity(ctx context.Context) (string, error)

	// Scopes returns the scopes to read, each once, in order. A wanted scope that can't be read has
	// its fault. There is at least one scope.
	Scopes(ctx context.Context) ([]PlannedScope, error)

	// Read lists a scope into sink, page by page. Only if it returns nil was the scope read to its
	// end; it may send pages and fail later. An instance that moved between pages may be sent
	// twice.
	Read(ctx context.Context, scope ScopeID, sink Sink) error
}

// BatchSession is a Session of a cloud that lists many scopes at once. The scopes of one batch are
// read together by ReadBatch. Read reads one of them alone.
type BatchSession interface {
	Session

	// Batch returns the name of the listing that a scope is part of, or "" if it is read alone.
	Batch(scope ScopeID) string

	// ReadBatch lists the wanted scopes of a batch into sink. Only if it returns nil was each of
	// them read to its end, except those that it passed to Fail. A scope of the batch that the
	// listing does not contain is empty.
	ReadBatch(ctx context.Context, batch string, sink BatchSink) error
}

// BatchSink receives what a BatchSession reads. Only Called may be called concurrently.
type BatchSink interface {
	// Page receives instances of a scope. The scope may be missing from the plan. An error ends the
	// read.
	Page(ctx context.Context, scope ScopeID, instances []Instance) error
	// Fail records that a scope could not be read, while the read of others continues. The pages
	// of the scope that were sent before have no effect.
	Fail(scope ScopeID, failure *fault.Error)
	Calls
}

// Sink receives what a Session reads of one scope. Only Called may be called concurrently.
type Sink interface {
	// Page receives instances. An error ends the read.
	Page(ctx context.Context, instances []Instance) error
	Calls
}

// ScopeID identifies a scope within its account: the smallest unit that is read completely or not
// at all.
type ScopeID struct {
	Kind cloud.Kind
	// Location is a region or a zone, as the descriptor of the cloud states, or WholeKind.
	Location string
}

// WholeKind is the location of a planned scope that stands for all scopes of its kind, because the
// locations could not be listed. Such a scope has a fault.
const WholeKind = "-"

// String returns the scope in words for people: `virtual machines in eu-west-1`.
func (s ScopeID) String() string {
	if s.Location == WholeKind {
		return "all " + s.Kind.Plural()
	}
	return s.Kind.Plural() + " in " + s.Location
}

// PlannedScope is a scope that a run is to read.
type PlannedScope struct {
	ScopeID
	// Failure is why the scope can't be read, if that is known before it is tried; else nil.
	Failure *fault.Error
	// Retired reports that the scope will not be read again, for the reason in Failure: its
	// location was switched off, or is no longer selected.
	Retired bool
}

// APILister is a Session that lists the APIs that it reads a scope with.
type APILister interface {
	APIs(scope ScopeID) []ratelimit.API
}
