package inventory

import "github.com/rollcall-dev/rollcall/services/internal/fault"

// Stale returns the fault for an observation of an instance or a scope, given by its name, that came
// after a newer one.
func Stale(name string) *fault.Error {
	return fault.New(fault.KindAborted, fault.ReasonStaleObservation,
		"%s: a newer observation is in the inventory or under way; this one was not applied", name)
}
