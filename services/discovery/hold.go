package discovery

import (
	"context"
	"log/slog"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// insistLimit bounds how long a worker tries to report what a run came to.
const (
	insistLimit = time.Minute
	insistFirst = 200 * time.Millisecond
	insistMost  = 5 * time.Second
)

// hold keeps the claim while the run is worked: it renews the lease, and ends
// the context it gives when the claim is lost, or may be: a worker that can't
// renew stops before others take it for dead. Call release when done.
func (s *Syncer) hold(ctx context.Context, claim Claim, logger *slog.Logger) (held context.Context, release func()) {
	held, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.renewUntil(held, claim, logger); err != nil {
			cancel(err)
		}
	}()
	return held, func() {
		cancel(context.Canceled)
		<-ended
	}
}

// renewUntil renews the lease until ctx ends, which is no error, or the claim is
// lost, which is one.
func (s *Syncer) renewUntil(ctx context.Context, claim Claim, logger *slog.Logger) error {
	every := s.Limits.Lease / 3
	tick := time.NewTicker(every)
	defer tick.Stop()
	goodUntil := time.Now().Add(s.Limits.Lease)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		asked := time.Now()
		err := s.renew(ctx, claim, every)
		switch {
		case ctx.Err() != nil:
			return nil
		case isLost(err):
			return err
		case err == nil:
			goodUntil = asked.Add(s.Limits.Lease)
		default:
			logger.Warn("could not renew the lease of a run", "error", err)
		}
		if time.Now().Add(every).After(goodUntil) {
			return ErrLost(claim)
		}
	}
}

// renew says once, to the runs and to the account's status, that the run goes
// on.
func (s *Syncer) renew(ctx context.Context, claim Claim, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := s.Runs.Renew(ctx, claim, s.Limits.Lease); err != nil {
		return err
	}
	// The status is only shown: while the accounts service is away, work goes on.
	err := s.Accounts.Syncing(ctx, claim, s.Limits.Lease)
	if isLost(err) {
		return err
	}
	return nil
}

// insist does what must be done to end a run, again and again while what it
// needs is away, for a while.
func (s *Syncer) insist(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, insistLimit)
	defer cancel()
	pause := insistFirst
	for {
		err := do(ctx)
		if err == nil || fault.KindOf(err) != fault.KindUnavailable {
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
