package inventory

import "github.com/rollcall-dev/rollcall/services/internal/fault"

// The reasons of the faults that are inventory's own.
const (
	// ReasonStale says that a newer observation is held, or under way.
	ReasonStale = "STALE_OBSERVATION"
	// ReasonAmbiguous says that several instances answer a look-up for one.
	ReasonAmbiguous = "AMBIGUOUS"
	// ReasonTooStale says that the roll is older than the caller will take.
	ReasonTooStale = "TOO_STALE"
	// ReasonIncomplete says that a snapshot did not arrive whole.
	ReasonIncomplete = "INCOMPLETE_SNAPSHOT"
	// ReasonHistoryExpired says that history does not reach back so far.
	ReasonHistoryExpired = "HISTORY_EXPIRED"
)

// Stale refuses an observation of what (an instance or a scope).
func Stale(what string) *fault.Error {
	return fault.New(fault.KindAborted, ReasonStale,
		"%s: a newer observation is on the roll or under way; this one was not applied", what)
}
