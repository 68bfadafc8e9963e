package sync

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
)

// holding keeps a claim while its run is worked: it renews the lease, and ends
// its context when the claim is lost, or may be: a worker that can't renew stops
// before others take it for dead.
type holding struct {
	*Syncer
	claim  Claim
	logger *slog.Logger
	// concluding tells that the run's end is being reported: from then on the
	// account's status is not to say that the run goes on.
	concluding atomic.Bool

	cancel context.CancelCauseFunc
	ended  chan struct{}
}

// hold begins to keep a claim, and gives the context to work in. Release it when
// done.
func (s *Syncer) hold(ctx context.Context, claim Claim, logger *slog.Logger) (context.Context, *holding) {
	ctx, cancel := context.WithCancelCause(ctx)
	h := &holding{Syncer: s, claim: claim, logger: logger, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(h.ended)
		if err := h.renewUntil(ctx); err != nil {
			cancel(err)
		}
	}()
	return ctx, h
}

// release ends the keeping.
func (h *holding) release() {
	h.cancel(context.Canceled)
	<-h.ended
}

// renewUntil renews the lease until ctx ends, which is no error, or the claim is
// lost, which is one.
func (h *holding) renewUntil(ctx context.Context) error {
	every := h.Limits.Lease / discovery.Renewals
	tick := time.NewTicker(every)
	defer tick.Stop()
	goodUntil := time.Now().Add(h.Limits.Lease)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		asked := time.Now()
		err := h.renew(ctx, every)
		switch {
		case ctx.Err() != nil, discovery.IsLost(err) && h.concluding.Load():
			return nil // It is over, or about to be.
		case discovery.IsLost(err):
			return err
		case err == nil:
			goodUntil = asked.Add(h.Limits.Lease)
		default:
			h.logger.Warn("could not renew the lease of a run", "error", err)
		}
		if time.Now().Add(every / 2).After(goodUntil) {
			return ErrLost(h.claim)
		}
	}
}

// renew says once, to the runs and to the account's status, that the run goes
// on.
func (h *holding) renew(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := h.Runs.Renew(ctx, h.claim, h.Limits.Lease); err != nil || h.concluding.Load() {
		return err
	}
	// The status is only shown: while the accounts service is away, work goes on.
	err := h.Accounts.Syncing(ctx, h.claim, h.Limits.Lease)
	if discovery.IsLost(err) {
		return err
	}
	return nil
}

// insist does what must be done to end a run, again and again while what it
// needs is away, for a while.
func (s *Syncer) insist(ctx context.Context, do func(context.Context) error) error {
	return discovery.Insist(ctx, do)
}
