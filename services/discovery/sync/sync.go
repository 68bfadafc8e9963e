package sync

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/lease"
)

// Accounts is the accounts service, as a sync needs it. Its faults: NotFound for
// an account that is not on the roll, Unavailable when it is away.
type Accounts interface {
	discovery.CredentialSource
	// Syncing says that the run goes on; Concluded what it came to; Abandoned
	// that it came to nothing. Aborted when a later run has reported.
	Syncing(ctx context.Context, claim Claim, lease time.Duration) error
	Concluded(ctx context.Context, claim Claim, outcome Outcome, end time.Time) error
	Abandoned(ctx context.Context, claim Claim) error
}

// Runs holds the runs. Reports by a Claim that is no longer good end in ErrLost.
type Runs interface {
	// Claim takes a queued run for a worker and gives its token; NotFound when it
	// is not queued.
	Claim(ctx context.Context, run, worker string, lease time.Duration) (Claim, error)
	Renew(ctx context.Context, claim Claim, lease time.Duration) error
	// Plan stores the scopes, in place of any before.
	Plan(ctx context.Context, claim Claim, scopes []ScopeResult) error
	Progress(ctx context.Context, claim Claim, changed []ScopeResult, totals Totals) error
	// Read stores how the reading ended, before anyone is told: from then on who
	// asks for a sync gets a new run, and not this one.
	Read(ctx context.Context, claim Claim, scopes []ScopeResult, totals Totals) error
	// Conclude ends the run; its account is due again after next. When a scope is
	// held that is after settle, twice as long after each such run in a row, if
	// that is sooner.
	Conclude(ctx context.Context, claim Claim, outcome Outcome, next, settle time.Duration) error
	// Abandon ends the run without an outcome; its account is due again after
	// next.
	Abandon(ctx context.Context, claim Claim, why string, next time.Duration) error
	// NextToken is a fencing token larger than any before.
	NextToken(ctx context.Context) (int64, error)
}

// Syncer reads accounts. All fields must be set but Budgets.
type Syncer struct {
	Providers map[cloud.Provider]provider.Provider
	Accounts  Accounts
	Inventory Inventory
	Runs      Runs
	Budgets   ratelimit.Budgets
	Limits    Limits
	// Interval from one sync of an account to the next, unless it has its own.
	Interval time.Duration
	// Worker names this process in runs, for people.
	Worker string
	Logger *slog.Logger
}

// Errors that end a run without an outcome.
var (
	errPaused  = errors.New("the account was paused before its turn came")
	errStopped = errors.New("its worker was told to stop")
)

// Sync works one run from claim to report. It returns nil also when the account
// could not be read: that is an outcome. When ctx ends, the run is abandoned.
func (s *Syncer) Sync(ctx context.Context, run string) error {
	claim, err := s.Runs.Claim(ctx, run, s.Worker, s.Limits.Lease)
	if fault.KindOf(err) == fault.KindNotFound {
		return nil // Ended meanwhile: its job came late.
	}
	if err != nil {
		return err
	}
	logger := s.Logger.With("run", claim.Run, "account", claim.Account)
	leased, held := s.hold(ctx, claim, logger)
	defer held.Release()

	err = s.work(leased, held, claim, logger)
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

// work reads the account and reports. An error means that there is no outcome.
func (s *Syncer) work(ctx context.Context, held *lease.Lease, claim Claim, logger *slog.Logger) error {
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
	began := time.Now()
	progress, outcome, err := s.read(ctx, claim, account, logger)
	if err != nil {
		return err
	}
	scopes, totals := progress.all()
	log := logger.Info
	if outcome.State != RunSucceeded {
		log = logger.Warn
	}
	log("synced an account", "outcome", outcome.State, "instances", totals.InstancesSeen, "scopes", totals.ScopesTotal,
		"failed", totals.ScopesFailed, "took", time.Since(began).Round(time.Millisecond), "error", textOf(outcome.Failure))

	held.Conclude()
	err = discovery.Retry(ctx, func(ctx context.Context) error { return s.Runs.Read(ctx, claim, scopes, totals) })
	if err != nil {
		return err
	}
	// The account's status first: whoever sees the run ended sees that too.
	err = discovery.Retry(ctx, func(ctx context.Context) error { return s.Accounts.Concluded(ctx, claim, outcome, time.Now()) })
	if err != nil {
		return err
	}
	next := s.next(account, outcome)
	return discovery.Retry(ctx, func(ctx context.Context) error { return s.Runs.Conclude(ctx, claim, outcome, next, s.Limits.Settle) })
}

// read reads every scope of the account, each for itself. An error means that
// the run was given up; all that the cloud did is in the outcome.
func (s *Syncer) read(ctx context.Context, claim Claim, account provider.Account, logger *slog.Logger) (*progress, Outcome, error) {
	limited, cancel := context.WithTimeout(ctx, s.Limits.Run)
	defer cancel()
	began := time.Now()
	session, planned, err := s.open(limited, account, logger)
	if ctx.Err() != nil {
		return nil, Outcome{}, context.Cause(ctx)
	}
	if err != nil {
		failure := provider.FaultOf(err)
		logFailure(logger, "could not look at an account", failure)
		if err := s.failAccount(ctx, claim, account, began, failure); err != nil {
			logger.Warn("could not tell the inventory that an account can't be looked at", "error", err)
		}
		return newProgress(nil), Outcome{State: RunFailed, Failure: failure, OwnFault: provider.IsOwnFault(failure), Slow: s.slow(began, failure)}, nil
	}
	held, err := s.Inventory.Scopes(ctx, account.ID)
	if err != nil {
		return nil, Outcome{}, err
	}
	planned = append(planned, batched(session, account, planned, held)...)
	loud, silent := withoutPlan(account, planned, held)
	planned = append(planned, loud...)
	r := &reading{Syncer: s, claim: claim, began: began, account: account, session: session, progress: newProgress(planned), failures: map[int]*fault.Error{}, logger: logger}
	scopes, _ := r.progress.all()
	if err := s.Runs.Plan(ctx, claim, scopes); err != nil {
		return nil, Outcome{}, err
	}
	r.all(ctx, limited, planned)
	r.retire(ctx, silent)
	if ctx.Err() != nil {
		return nil, Outcome{}, context.Cause(ctx)
	}
	scopes, _ = r.progress.all()
	outcome := Conclude(scopes, r.failures)
	outcome.Slow = s.slow(began, slices.Collect(maps.Values(r.failures))...)
	return r.progress, outcome, nil
}

// open signs in, makes sure that the credentials open the stated account, and
// asks what there is to read.
func (s *Syncer) open(ctx context.Context, account provider.Account, logger *slog.Logger) (session provider.Session, planned []provider.PlannedScope, err error) {
	defer provider.RecoverToError(logger, &err)
	credentials, err := s.Accounts.Credentials(ctx, account.ID)
	if err != nil {
		return nil, nil, provider.OwnFault("get the account's credentials from the accounts service", err)
	}
	session, err = provider.OpenSession(ctx, s.Providers, account, credentials)
	if err != nil {
		return nil, nil, err
	}
	identity, err := session.Identity(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := provider.CheckIdentity(account, identity); err != nil {
		return nil, nil, err
	}
	planned, err = session.Scopes(ctx)
	return session, planned, err
}

// abandon gives a run up. What it had read by then holds.
func (s *Syncer) abandon(ctx context.Context, claim Claim, why error, logger *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, discovery.ReportLimit)
	defer cancel()
	logger.Info("gave up a run", "error", why)
	if err := s.Accounts.Abandoned(ctx, claim); err != nil && !discovery.IsLost(err) && fault.KindOf(err) != fault.KindNotFound {
		logger.Warn("could not say that a run was given up; its lease lapses", "error", err)
	}
	text, next := s.excuse(why)
	if err := s.Runs.Abandon(ctx, claim, text, next); err != nil && !discovery.IsLost(err) {
		logger.Warn("could not end a run that was given up; its lease lapses", "error", err)
	}
}

// excuse says why a run was given up, for people, and when to try again.
func (s *Syncer) excuse(why error) (text string, next time.Duration) {
	_, known := errors.AsType[*fault.Error](why)
	switch {
	case errors.Is(why, errStopped):
		return why.Error(), 0
	case errors.Is(why, errPaused), fault.KindOf(why) == fault.KindNotFound:
		return why.Error(), s.Interval
	case known:
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

func logFailure(logger *slog.Logger, message string, f *fault.Error) {
	logger.Warn(message, "reason", f.Reason, "error", f.Message, "cause", errors.Unwrap(f))
}
