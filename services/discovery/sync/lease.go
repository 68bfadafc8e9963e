package sync

import (
	"context"
	"errors"
	"log/slog"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/internal/lease"
)

// hold renews the lease on a run while the run is worked on.
func (s *Syncer) hold(ctx context.Context, claim Claim, logger *slog.Logger) (context.Context, *lease.Lease) {
	return lease.Hold(ctx, lease.Options{
		Duration: s.Limits.Lease, IsLost: discovery.IsLost, Logger: logger,
		Renew: func(ctx context.Context, concluding bool) error { return s.renew(ctx, claim, concluding) },
	})
}

// renew renews the lease in the store, and states in the account's status that the run
// goes on. The status is only shown: while the accounts service can't be reached, the work
// goes on. Once the end of the run is being reported, the status is left alone.
func (s *Syncer) renew(ctx context.Context, claim Claim, concluding bool) error {
	if err := s.Runs.Renew(ctx, claim, s.Limits.Lease); err != nil || concluding {
		return err
	}
	if err := s.Accounts.Syncing(ctx, claim, s.Limits.Lease); discovery.IsLost(err) {
		return err
	}
	return nil
}

// errLease returns the error of a run whose lease ended for a cause.
func errLease(cause error, claim Claim) error {
	if errors.Is(cause, lease.ErrExpired) {
		return ErrLost(claim)
	}
	return cause
}
