package providertest

import (
	"testing"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Fault is a way in which a cloud may fail.
type Fault string

// The faults. Each cloud shows them in its own way.
const (
	// Denied: the permission is missing.
	Denied Fault = "denied"
	// Throttled: every request is throttled.
	Throttled Fault = "throttled"
	// Down: connections are dropped.
	Down Fault = "down"
	// Hung: requests get no answer.
	Hung Fault = "hung"
	// Broken: the cloud answers with a server error.
	Broken Fault = "broken"
	// Truncated: answers end early.
	Truncated Fault = "truncated"
	// Malformed: answers are not a valid document.
	Malformed Fault = "malformed"
	// Blank: answers have a good status and are empty.
	Blank Fault = "blank"
	// Foreign: answers have a good status and are a page of HTML, like that of a proxy.
	Foreign Fault = "foreign"
	// FailsMidway: every page but the first fails.
	FailsMidway Fault = "fails-midway"
	// Endless: there is always another page.
	Endless Fault = "endless"
	// Circular: the same page comes again and again.
	Circular Fault = "circular"
	// Expired: the credentials were valid once.
	Expired Fault = "expired"
	// Revoked: the cloud does not accept the credentials.
	Revoked Fault = "revoked"
	// Flaky: some calls fail, and succeed when they are repeated.
	Flaky Fault = "flaky"
)

// reasons has the reason that each fault must be reported with.
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

// Cloud is one account of a simulated cloud with a provider that reads it. It has at least two scopes
// of each kind, and each scope has several pages of instances.
type Cloud interface {
	// Provider returns a provider that reads the cloud, with limits of a few seconds.
	Provider() provider.Provider
	// Account and Credentials return the account that the provider opens.
	Account() provider.Account
	Credentials() provider.Credentials
	// Truth returns the provider ids of all instances that exist now.
	Truth(t testing.TB) map[provider.ScopeID][]string
	// Break makes the calls for one scope fail, or, for an empty ScopeID, the calls that belong to
	// no scope.
	Break(t testing.TB, scope provider.ScopeID, fault Fault)
}

// ZonalCloud is a Cloud whose locations may be zones of regions.
type ZonalCloud interface {
	Cloud
	// Region returns the region of a location.
	Region(location string) string
}

// SharedCloud is a Cloud that lists some scopes only together.
type SharedCloud interface {
	Cloud
	// Shared reports whether a fault of one scope breaks the calls for the other too.
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
