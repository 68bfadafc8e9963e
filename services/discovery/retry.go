package discovery

import (
	"context"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/retry"
)

// ReportLimit bounds what a worker still reports after its own time is over.
const ReportLimit = 5 * time.Second

// storePolicy is how a worker repeats writes that must not be lost.
var storePolicy = retry.Policy{
	First: 200 * time.Millisecond, Max: 5 * time.Second, Limit: time.Minute, Retryable: isTransient,
}

// Retry repeats a write to another service or to the store while that can't be reached,
// for up to a minute. An error that will not pass is returned at once.
func Retry(ctx context.Context, write func(context.Context) error) error {
	return retry.Do(ctx, storePolicy, write)
}

// isTransient reports whether a write that failed with err may succeed soon.
func isTransient(err error) bool {
	switch fault.ReasonOf(err) {
	case fault.ReasonOperationLost, fault.ReasonOperationCancelled, fault.ReasonOperationInProgress,
		fault.ReasonRunLost, fault.ReasonStaleReport:
		return false // Decided, and not a conflict of transactions.
	}
	switch fault.KindOf(err) {
	case fault.KindUnavailable, fault.KindAborted:
		return true
	}
	return false
}

// IsLost reports whether another worker has taken over a sync run, as the store or the
// accounts service states.
func IsLost(err error) bool {
	switch fault.ReasonOf(err) {
	case fault.ReasonRunLost, fault.ReasonStaleReport:
		return true
	}
	return false
}

// jitter is the share by which pauses vary, so that work that began together drifts apart.
const jitter = 0.1

// Jittered returns an interval that differs by up to a tenth, by a number from 0 to 1.
func Jittered(interval time.Duration, random float64) time.Duration {
	return time.Duration(float64(interval) * (1 - jitter + 2*jitter*random))
}
