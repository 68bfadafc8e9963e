package providertest

import (
	"testing"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Fault is a way in which a cloud may fail.
type Fault string

// The faults. Each cloud says them in its own way.
const (
	// Denied: the permission is missing.
	Denied Fault = "denied"
	// Throttled: too many requests, however slow.
	Throttled Fault = "throttled"
	// Down: connections are dropped.
	Down Fault = "down"
	// Hung: no answer ever comes.
	Hung Fault = "hung"
	// Broken: the cloud answers with an error of its own.
	Broken Fault = "broken"
	// Truncated: answers break off.
	Truncated Fault = "truncated"
	// Malformed: answers are no valid document.
	Malformed Fault = "malformed"
	// Blank: answers have a good status and nothing in them.
	Blank Fault = "blank"
	// Foreign: answers have a good status and are a page of HTML, as a proxy
	// gives.
	Foreign Fault = "foreign"
	// FailsMidway: every page but the first fails.
	FailsMidway Fault = "fails-midway"
	// Endless: there is always another page.
	Endless Fault = "endless"
	// Circular: the same page comes again and again.
	Circular Fault = "circular"
	// Expired: the credentials were valid once.
	Expired Fault = "expired"
	// Revoked: the cloud does not know the credentials.
	Revoked Fault = "revoked"
	// Flaky: some calls fail, and work when they are tried again.
	Flaky Fault = "flaky"
)

// reasons are what each fault must come to.
var reasons = map[Fault]fault.Reason{
	Denied:      fault.ReasonPermissionDenied,
	Throttled:   fault.ReasonThrottled,
	Down:        fault.ReasonUnreachable,
	Hung:        fault.ReasonUnreachable,
	Broken:      fault.ReasonUnreachable,
	Truncated:   fault.ReasonUnreachable,
	Malformed:   fault.ReasonInternal,
	Blank:       fault.ReasonInternal,
	Foreign:     fault.ReasonInternal,
	FailsMidway: fault.ReasonUnreachable,
	Endless:     fault.ReasonInternal,
	Circular:    fault.ReasonInternal,
	Expired:     fault.ReasonCredentialsExpired,
	Revoked:     fault.ReasonCredentialsInvalid,
}

// Cloud is one account of a simulated cloud with a provider that reads it. It
// has at least two scopes of each kind, and every scope so many instances that
// the provider needs several pages.
type Cloud interface {
	// Provider reads the cloud, with limits of a few seconds.
	Provider() provider.Provider
	// Account and Credentials open it.
	Account() provider.Account
	Credentials() provider.Credentials
	// Truth are the provider ids of all instances there are now.
	Truth(t testing.TB) map[provider.ScopeID][]string
	// Break makes the calls for one scope fail, or, for an empty ScopeID, those
	// that belong to none.
	Break(t testing.TB, scope provider.ScopeID, fault Fault)
}

// ZonalCloud is a Cloud whose locations may be zones of regions.
type ZonalCloud interface {
	Cloud
	// Region is the region that a location is, or is in.
	Region(location string) string
}

// SharedCloud is a Cloud that lists some scopes only together with others.
type SharedCloud interface {
	Cloud
	// Shared tells whether what breaks the calls for one breaks those for the
	// other.
	Shared(one, other provider.ScopeID) bool
}

func region(simulated Cloud, location string) string {
	if zonal, ok := simulated.(ZonalCloud); ok {
		return zonal.Region(location)
	}
	return location
}

func shared(simulated Cloud, one, other provider.ScopeID) bool {
	sharing, ok := simulated.(SharedCloud)
	return one == other || ok && sharing.Shared(one, other)
}
