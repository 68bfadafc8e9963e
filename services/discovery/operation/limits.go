package operation

import (
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

// Limits bound the work on operations.
type Limits struct {
	// Lease is how long a worker is considered alive after it last renewed its lease,
	// which it does every Heartbeat. With that it also learns of a cancellation.
	Lease, Heartbeat time.Duration
	// Doubt is how long an instance must be observed unchanged before a call is repeated
	// that the cloud may or may not have taken.
	Doubt time.Duration
	// Call bounds one call to a cloud that changes something, Read one that does not.
	Call, Read time.Duration
	// PollFirst is the time between the first two polls of a call. Each further one is
	// half as long again, up to PollMax.
	PollFirst, PollMax time.Duration
	// RetryFirst is the pause after the first failure that may pass. Each further one is
	// twice as long. Retries is the number of tries in all.
	RetryFirst time.Duration
	Retries    int
	// Machine and Database are how long the start or stop of one may take. Each hundred
	// instances of an operation allow for as much again.
	Machine, Database time.Duration
	// Report is how long the worker tries to store the last state in the inventory.
	Report time.Duration
	// Plan bounds what a caller without a deadline waits for: a dry run, or a search in
	// the clouds. It bounds broken clouds and not slow machines.
	Plan time.Duration
}

// DefaultLimits returns limits that suit the clouds: machines take a minute or
// two, databases up to an hour.
func DefaultLimits() Limits {
	return Limits{
		Lease: 15 * time.Second, Heartbeat: time.Second, Doubt: 20 * time.Second, Call: time.Minute, Read: 30 * time.Second,
		PollFirst: 300 * time.Millisecond, PollMax: 4 * time.Second,
		RetryFirst: time.Second, Retries: 7,
		Machine: 20 * time.Minute, Database: 90 * time.Minute,
		Report: 30 * time.Second, Plan: 5 * time.Minute,
	}
}

// TimeFor returns how long an operation on some targets may take.
func (l Limits) TimeFor(targets []*Target) time.Duration {
	longest := l.Machine
	for _, t := range targets {
		if t.Kind == cloud.Database {
			longest = max(longest, l.Database)
		}
	}
	return longest * time.Duration(1+len(targets)/100) //nolint:mnd // As Machine states.
}

// maxRetryPause is long enough for an API budget to recover.
const maxRetryPause = 30 * time.Second

// retryPause returns the pause after a number of failures in a row.
func (l Limits) retryPause(failures int) time.Duration {
	return min(l.RetryFirst<<min(failures-1, 10), maxRetryPause) //nolint:mnd // More would overflow.
}

// pollPause returns the pause after a number of polls: short at first, because most
// calls are done soon.
func (l Limits) pollPause(polls int) time.Duration {
	pause := l.PollFirst
	for range min(polls-1, 20) { //nolint:mnd // More would overflow, and PollMax is less.
		pause += pause / 2
		if pause >= l.PollMax {
			return l.PollMax
		}
	}
	return pause
}
