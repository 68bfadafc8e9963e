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
	// ReasonNotHeld says that there is no hold to confirm.
	ReasonNotHeld = "NOT_HELD"
	// ReasonHoldChanged says that the hold to confirm gave way to another.
	ReasonHoldChanged = "HOLD_CHANGED"
	// ReasonTokenExpired says that what follows a resume token is not in the log.
	ReasonTokenExpired = "TOKEN_EXPIRED"
	// ReasonTooSlow says that a watcher did not keep up with what it was told.
	ReasonTooSlow = "WATCHER_TOO_SLOW"
	// ReasonTooManyWatchers says that this replica can take no more watchers.
	ReasonTooManyWatchers = "TOO_MANY_WATCHERS"
	// ReasonExportTooSlow says that the reader of an export did not keep up.
	ReasonExportTooSlow = "EXPORT_TOO_SLOW"
	// ReasonTooManyExports says that this replica can serve no more exports now.
	ReasonTooManyExports = "TOO_MANY_EXPORTS"
	// ReasonShuttingDown says that this replica stops; another one goes on.
	ReasonShuttingDown = "SHUTTING_DOWN"
	// ReasonHistoryExpired says that history does not reach back so far.
	ReasonHistoryExpired = "HISTORY_EXPIRED"
)

// Stale refuses an observation of what (an instance or a scope).
func Stale(what string) *fault.Error {
	return fault.New(fault.KindAborted, ReasonStale,
		"%s: a newer observation is on the roll or under way; this one was not applied", what)
}
