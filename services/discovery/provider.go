package discovery

import "context"

// Provider reads one cloud. Its errors are *Failure, or the context's, or what
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
	// Location is the region (AWS) or zone (Google Cloud).
	Location string
}

// String names the scope for people: `virtual machines in eu-west-1`.
func (s ScopeID) String() string { return s.Kind.String() + " in " + s.Location }

// PlannedScope is a scope that a run is to read.
type PlannedScope struct {
	ScopeID
	// Failure says why it can't be read, known before trying; else nil.
	Failure *Failure
}
