package discovery

import (
	"errors"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Observation is an attempt to observe a scope, or an instance of it.
type Observation struct {
	Account  string
	Provider cloud.Provider
	provider.ScopeID
	// Token and Time were taken before the first call to the cloud.
	Token int64
	Time  time.Time
	// EndToken was taken after the last answer of the cloud: an observation that began
	// before it is not newer. It is set for an observation of a single instance.
	EndToken int64
	// Interval is the time until the scope is due again; 0 if it is not known.
	Interval time.Duration
}

// IsStale reports whether the inventory has a newer observation. The fault that reports it may be the
// cause of another fault.
func IsStale(err error) bool {
	for f, ok := errors.AsType[*fault.Error](err); ok; f, ok = errors.AsType[*fault.Error](f.Unwrap()) {
		if f.Reason == fault.ReasonStaleObservation {
			return true
		}
	}
	return false
}
