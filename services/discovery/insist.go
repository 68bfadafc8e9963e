package discovery

import (
	"context"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// insistLimit bounds how long a worker tries to report what a run came to.
const (
	insistLimit = time.Minute
	insistFirst = 200 * time.Millisecond
	insistMost  = 5 * time.Second
)

// renewals is how often a lease is renewed before it would lapse: a few may
// fail.
const Renewals = 5

// Reasons of faults about operations.
const (
	ReasonOperationLost = "OPERATION_LOST"
	ReasonCancelled     = "OPERATION_CANCELLED"
)

// isDecided tells whether an operation's store said no for good, and not because
// of another transaction.
func isDecided(err error) bool {
	switch fault.ReasonOf(err) {
	case ReasonOperationLost, ReasonCancelled, fault.ReasonOperationInProgress:
		return true
	}
	return false
}

// insist does it again and again while what it needs is away, for a while.
func Insist(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, insistLimit)
	defer cancel()
	pause := insistFirst
	for {
		err := do(ctx)
		kind := fault.KindOf(err)
		// ABORTED: lost against another transaction, unless it says otherwise.
		if err == nil || IsLost(err) || isDecided(err) || kind != fault.KindUnavailable && kind != fault.KindAborted {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
		pause = min(2*pause, insistMost)
	}
}

// reasonLost is ErrLost's, for programs.
const ReasonLost = "RUN_LOST"

// reportLimit bounds what has to be said after a run's own time is over.
const ReportLimit = 5 * time.Second

// isLost tells whether a report was refused because the run is no longer this
// worker's, by what runs (ErrLost) and accounts say.
func IsLost(err error) bool {
	reason := fault.ReasonOf(err)
	return reason == ReasonLost || reason == "STALE_REPORT"
}
