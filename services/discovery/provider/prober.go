package provider

import (
	"context"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Prober is a Session that can ask for single instances by their ids. This absence probe runs
// before an instance that a listing omitted is marked gone, and around start and stop.
type Prober interface {
	// Probe asks the cloud for these instances of one scope, many in one call where the cloud
	// supports that. It returns one finding for each, in the same order. An instance that could not
	// be asked for is Undecided, and its finding has the fault. The error is that of the context.
	Probe(ctx context.Context, scope ScopeID, wanted []Wanted, calls Calls) ([]Finding, error)
}

// Wanted identifies an instance to ask for. Only ProviderID is always set.
type Wanted struct {
	ProviderID  string
	ProviderURI string
	DisplayName string
	// Zone is the zone of the instance. Some clouds need it to address the instance.
	Zone string
}

// Finding is the answer of a cloud about one instance.
type Finding struct {
	ProviderID string
	Evidence   Evidence
	// Instance is set if Evidence is Found.
	Instance *Instance
	// Failure is set if Evidence is Undecided.
	Failure *fault.Error
}

// Evidence states the conclusion that an answer permits. Its values are spelled like those of
// rollcall.inventory.v1.Evidence.
type Evidence string

// The kinds of evidence.
const (
	// Found: the instance exists.
	Found Evidence = "FOUND"
	// NotFound: the cloud answered for this id that there is no such instance.
	NotFound Evidence = "NOT_FOUND"
	// Unlisted: the cloud answered without an error, and the answer does not contain the instance.
	Unlisted Evidence = "UNLISTED"
	// Undecided: the cloud could not be asked, or its answer proves nothing.
	Undecided Evidence = "CANT_TELL"
)

// Calls counts requests to a cloud.
type Calls interface {
	// Called counts one request, and whether the cloud throttled it. A repetition is a request of
	// its own.
	Called(throttled bool)
}
