// Package lease renews a lease while the work that it covers goes on, and ends the
// work when the lease is lost.
//
// A store gives a worker a lease on a piece of work, for a limited time. While the
// worker renews it in time, no other worker takes the work over. A worker that can't
// renew its lease stops before others take it for dead:
//
//	acquired (by the store) ─▶ held ──renewed──▶ held
//	                            ├─▶ lost      another worker has it, or it was not renewed in time
//	                            └─▶ released  the work has ended
package lease

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"
)

// perDuration is how many times a lease is renewed in its own duration, so that some
// renewals may fail. It also bounds each renewal.
const perDuration = 5

// marginShare is the part of a lease, at its end, in which the worker no longer works:
// its clock and the store's may differ, and stopping takes time.
const marginShare = 10

// ErrExpired is the cause of a lease that was not renewed in time.
var ErrExpired = errors.New("the lease was not renewed in time")

// Options describe a lease. All fields must be set, except Every.
type Options struct {
	// Duration is how long the lease is valid after it was acquired or renewed.
	Duration time.Duration
	// Every is the time between two renewals; 0 means a fifth of Duration.
	Every time.Duration
	// Renew renews the lease once. concluding reports whether Conclude was called.
	Renew func(ctx context.Context, concluding bool) error
	// IsLost reports whether an error of Renew means that another worker has the lease.
	IsLost func(err error) bool
	// Logger logs renewals that fail.
	Logger *slog.Logger
}

// Lease is a lease that is renewed. Release it when the work has ended.
type Lease struct {
	options    Options
	concluding atomic.Bool
	cancel     context.CancelCauseFunc
	ended      chan struct{}
}

// Hold renews a lease that was acquired just now, until it is released, lost, or ctx
// ends. The work belongs in the context that it returns. If the lease is lost, that
// context ends, and its cause is the error of Renew or ErrExpired.
func Hold(ctx context.Context, options Options) (context.Context, *Lease) {
	if options.Every == 0 {
		options.Every = options.Duration / perDuration
	}
	ctx, cancel := context.WithCancelCause(ctx)
	l := &Lease{options: options, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(l.ended)
		if err := l.renewUntil(ctx); err != nil {
			cancel(err)
		}
	}()
	return ctx, l
}

// Conclude states that the work has ended and that its end is being stored. The store
// drops the lease with that, so a refused renewal no longer ends the work.
func (l *Lease) Conclude() { l.concluding.Store(true) }

// Release ends the renewals and the context of the work. When it returns, no renewal is
// running. It may be called more than once.
func (l *Lease) Release() {
	l.cancel(context.Canceled)
	<-l.ended
}

// renewUntil renews the lease until ctx ends. It returns an error if the lease is lost.
func (l *Lease) renewUntil(ctx context.Context) error {
	tick := time.NewTicker(l.options.Every)
	defer tick.Stop()
	limit := l.limit(time.Now())
	expiry := time.NewTimer(time.Until(limit))
	defer expiry.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-expiry.C:
			return ErrExpired
		case <-tick.C:
		}
		asked := time.Now()
		err := l.renew(ctx, limit)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			limit = l.limit(asked)
			expiry.Reset(time.Until(limit))
		case l.options.IsLost(err) && l.concluding.Load():
			return nil
		case l.options.IsLost(err):
			return err
		default:
			l.options.Logger.Warn("lease not renewed", "error", err)
		}
	}
}

// renew renews the lease once, within a part of its duration and before the worker has
// to stop.
func (l *Lease) renew(ctx context.Context, limit time.Time) error {
	if next := time.Now().Add(l.options.Duration / perDuration); next.Before(limit) {
		limit = next
	}
	ctx, cancel := context.WithDeadline(ctx, limit)
	defer cancel()
	return l.options.Renew(ctx, l.concluding.Load())
}

// limit returns when the work must have ended if the lease was last renewed at a time.
func (l *Lease) limit(renewed time.Time) time.Time {
	return renewed.Add(l.options.Duration - l.options.Duration/marginShare)
}
