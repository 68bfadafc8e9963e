package sync

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/lease"
)

// Syncer syncs accounts. All fields must be set.
type Syncer struct {
	Providers map[cloud.Provider]provider.Provider
	Accounts  Accounts
	Inventory Inventory
	Runs      Runs
	Budgets   ratelimit.Budgets
	Limits    Limits
	// Interval is the time between two syncs of an account that has no interval of its own.
	Interval time.Duration
	// Worker names this process in runs, for people.
	Worker string
	Logger *slog.Logger
}

// Errors that end a run without an outcome.
var (
	errPaused  = errors.New("the account was paused before the run began")
	errStopped = errors.New("the worker was stopped")
)

// Sync runs one sync, from the claim to the report. An account that can't be read is an outcome
// and no error. If ctx ends, the run is abandoned.
func (s *Syncer) Sync(ctx context.Context, run string) error {
	claim, err := s.Runs.Claim(ctx, run, s.Worker, s.Limits.Lease)
	if fault.KindOf(err) == fault.KindNotFound {
		return nil // The run has ended: its job came late.
	}
	if err != nil {
		return err
	}
	logger := s.Logger.With("run", claim.Run, "account", claim.Account)
	leased, held := s.hold(ctx, claim, logger)
	defer held.Release()

	err = s.run(leased, held, claim, logger)
	if err == nil {
		return nil
	}
	switch {
	case ctx.Err() != nil:
		err = errStopped
	case leased.Err() != nil:
		err = errLease(context.Cause(leased), claim)
	}
	s.abandon(context.WithoutCancel(ctx), claim, err, logger)
	return nil
}

// run reads the account and reports the outcome. An error means that there is no outcome.
func (s *Syncer) run(ctx context.Context, held *lease.Lease, claim Claim, logger *slog.Logger) error {
	account, err := s.Accounts.Account(ctx, claim.Account)
	if err != nil {
		return err
	}
	if account.Paused && claim.Trigger == BySchedule {
		return errPaused
	}
	if err := s.Accounts.Syncing(ctx, claim, s.Limits.Lease); err != nil {
		return err
	}
	start := time.Now()
	progress, outcome, err := s.readAccount(ctx, claim, account, logger)
	if err != nil {
		return err
	}
	scopes, totals := progress.all()
	log := logger.Info
	if outcome.State != RunSucceeded {
		log = logger.Warn
	}
	log("account synced", "outcome", outcome.State, "instances", totals.InstancesSeen, "scopes", totals.ScopesTotal,
		"failed", totals.ScopesFailed, "duration", time.Since(start).Round(time.Millisecond), "error", textOf(outcome.Failure))

	held.Conclude()
	err = discovery.Retry(ctx, func(ctx context.Context) error { return s.Runs.Read(ctx, claim, scopes, totals) })
	if err != nil {
		return err
	}
	// The status of the account comes first, so that a caller that sees the run ended sees it too.
	err = discovery.Retry(ctx, func(ctx context.Context) error { return s.Accounts.Concluded(ctx, claim, outcome, time.Now()) })
	if err != nil {
		return err
	}
	next := s.next(account, outcome)
	return discovery.Retry(ctx, func(ctx context.Context) error { return s.Runs.Conclude(ctx, claim, outcome, next, s.Limits.Settle) })
}

// abandon ends a run without an outcome. The scopes that were applied by then stay applied.
func (s *Syncer) abandon(ctx context.Context, claim Claim, why error, logger *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, discovery.ReportLimit)
	defer cancel()
	logger.Info("run abandoned", "error", why)
	if err := s.Accounts.Abandoned(ctx, claim); err != nil && !discovery.IsLost(err) && fault.KindOf(err) != fault.KindNotFound {
		logger.Warn("abandoned run not reported to accounts; its lease expires", "error", err)
	}
	text, next := s.abandonment(why)
	if err := s.Runs.Abandon(ctx, claim, text, next); err != nil && !discovery.IsLost(err) {
		logger.Warn("abandoned run not stored; its lease expires", "error", err)
	}
}

// abandonment returns why a run was abandoned, for people, and when to try again.
func (s *Syncer) abandonment(why error) (text string, next time.Duration) {
	_, isFault := errors.AsType[*fault.Error](why)
	switch {
	case errors.Is(why, errStopped):
		return why.Error(), 0
	case errors.Is(why, errPaused), fault.KindOf(why) == fault.KindNotFound:
		return why.Error(), s.Interval
	case isFault:
		return why.Error(), s.Limits.RetrySoon
	}
	return provider.FaultOf(why).Message, s.Limits.RetrySoon
}

func textOf(f *fault.Error) string {
	if f == nil {
		return ""
	}
	return f.Message
}

func logFailure(logger *slog.Logger, event string, f *fault.Error) {
	logger.Warn(event, "reason", f.Reason, "error", f.Message, "cause", errors.Unwrap(f))
}
