// Package retry repeats work that may succeed soon, and waits without outliving a
// context.
package retry

import (
	"context"
	"time"
)

// Policy states how work is repeated. The zero value does not wait between tries and
// has no limit.
type Policy struct {
	// First is the pause after the first failure. Each further one is twice as long.
	First time.Duration
	// Max is the longest pause; 0 means no limit.
	Max time.Duration
	// Limit is the time for all tries together; 0 means no limit. The context of a
	// try ends with it.
	Limit time.Duration
	// Retryable reports whether another try may succeed after err.
	Retryable func(err error) bool
}

// Do calls work until it succeeds, fails with an error that is not retryable, or
// the context or the limit ends. It returns the last error of work.
func Do(ctx context.Context, policy Policy, work func(context.Context) error) error {
	if policy.Limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, policy.Limit)
		defer cancel()
	}
	for pause := policy.First; ; pause = policy.next(pause) {
		err := work(ctx)
		if err == nil || !policy.Retryable(err) || !Wait(ctx, pause) {
			return err
		}
	}
}

func (p Policy) next(pause time.Duration) time.Duration {
	if p.Max > 0 {
		return min(2*pause, p.Max)
	}
	return 2 * pause
}

// Wait waits for d. It reports false if ctx ends first.
func Wait(ctx context.Context, d time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
