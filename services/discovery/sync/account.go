package sync

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"golang.org/x/sync/errgroup"
)

// accountReader reads the scopes of one account in one run.
type accountReader struct {
	syncer *Syncer
	// claim has the token of everything that was found out before any scope was read, at start. A
	// worker that reports late with it does not overwrite anything newer.
	claim    Claim
	start    time.Time
	account  provider.Account
	session  provider.Session
	progress *progress
	logger   *slog.Logger

	mu sync.Mutex
	// failures are those of scopes, by index in the plan.
	failures map[int]*fault.Error
	// listed has the ids that the batch listings of this run returned.
	listed []*providerkit.PaginationGuard
}

// readAccount reads every scope of the account. An error means that the run was abandoned; every
// failure of the provider is part of the outcome.
func (s *Syncer) readAccount(ctx context.Context, claim Claim, account provider.Account, logger *slog.Logger) (*progress, Outcome, error) {
	limited, cancel := context.WithTimeout(ctx, s.Limits.Run)
	defer cancel()
	start := time.Now()
	session, planned, err := s.signIn(limited, account, logger)
	if ctx.Err() != nil {
		return nil, Outcome{}, context.Cause(ctx)
	}
	if err != nil {
		failure := provider.FaultOf(err)
		logFailure(logger, "account not readable", failure)
		if err := s.failAccount(ctx, claim, account, start, failure); err != nil {
			logger.Warn("unreadable account not reported to inventory", "error", err)
		}
		return newProgress(nil), Outcome{
			State: RunFailed, Failure: failure, OwnFault: provider.IsOwnFault(failure), Slow: s.isSlow(start, failure),
		}, nil
	}
	stored, err := s.Inventory.Scopes(ctx, account.ID)
	if err != nil {
		return nil, Outcome{}, err
	}
	planned = append(planned, unplannedInBatches(session, account, planned, stored)...)
	inRun, outside := retiredScopes(account, planned, stored)
	planned = append(planned, inRun...)
	r := &accountReader{
		syncer: s, claim: claim, start: start, account: account, session: session, progress: newProgress(planned),
		failures: map[int]*fault.Error{}, logger: logger,
	}
	scopes, _ := r.progress.all()
	if err := s.Runs.Plan(ctx, claim, scopes); err != nil {
		return nil, Outcome{}, err
	}
	r.readAll(ctx, limited, planned)
	r.retire(ctx, outside)
	if ctx.Err() != nil {
		return nil, Outcome{}, context.Cause(ctx)
	}
	scopes, _ = r.progress.all()
	outcome := Conclude(scopes, r.failures)
	outcome.Slow = s.isSlow(start, slices.Collect(maps.Values(r.failures))...)
	return r.progress, outcome, nil
}

// signIn signs in, checks that the credentials belong to the account, and plans the scopes to read.
func (s *Syncer) signIn(ctx context.Context, account provider.Account, logger *slog.Logger) (session provider.Session, planned []provider.PlannedScope, err error) {
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

// failAccount reports to the inventory that no scope of the account could be read.
func (s *Syncer) failAccount(ctx context.Context, claim Claim, account provider.Account, start time.Time, failure *fault.Error) error {
	ctx, cancel := context.WithTimeout(ctx, discovery.ReportLimit)
	defer cancel()
	return s.Inventory.Fail(ctx, discovery.Observation{
		Account: account.ID, Provider: account.Provider, Token: claim.Token, Time: start,
	}, nil, failure)
}

// readAll reads every scope, some at a time, until each has ended or ctx has. Limited is ctx with
// the time limit of the run.
func (r *accountReader) readAll(ctx, limited context.Context, planned []provider.PlannedScope) {
	flushing, stop := context.WithCancel(ctx)
	var flush sync.WaitGroup
	flush.Go(func() { r.progress.flushUntil(flushing, r.syncer.Runs, r.claim, r.syncer.Limits.Flush, r.logger) })
	defer flush.Wait()
	defer stop()

	r.prepareBudgets(ctx, planned)
	var group errgroup.Group
	group.SetLimit(r.syncer.Limits.ScopesPerAccount)
	batches, single := r.batches(planned)
	for _, name := range slices.Sorted(maps.Keys(batches)) {
		group.Go(func() error {
			r.readBatch(ctx, limited, name, planned, batches[name])
			return nil
		})
	}
	for _, index := range single {
		group.Go(func() error {
			r.readScope(ctx, limited, index, planned[index])
			return nil
		})
	}
	_ = group.Wait() // Failures are stored with their scopes.
}

// prepareBudgets leases some calls of each API that reads the scopes, which saves asking for each.
func (r *accountReader) prepareBudgets(ctx context.Context, planned []provider.PlannedScope) {
	spender, ok := r.session.(provider.APILister)
	if !ok {
		return
	}
	apis := map[ratelimit.API]struct{}{}
	for _, scope := range planned {
		if scope.Failure != nil {
			continue
		}
		for _, api := range spender.APIs(scope.ScopeID) {
			apis[api] = struct{}{}
		}
	}
	r.syncer.Budgets.Prepare(ctx, slices.Collect(maps.Keys(apis)))
}

// budgets returns the states of the rate limits of the APIs that read a scope.
func (r *accountReader) budgets(scope provider.ScopeID) []ratelimit.BudgetState {
	spender, ok := r.session.(provider.APILister)
	if !ok {
		return nil
	}
	return r.syncer.Budgets.States(spender.APIs(scope))
}

// isListed reports whether a batch listing of this run returned the instance, in any scope.
func (r *accountReader) isListed(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.listed, func(g *providerkit.PaginationGuard) bool { return g.Has(id) })
}

// addFailure records the failure of a scope by its index in the plan.
func (r *accountReader) addFailure(index int, failure *fault.Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures[index] = failure
}
