package sync

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"golang.org/x/sync/errgroup"
)

// Inventory is the inventory service, as a sync needs it.
type Inventory interface {
	// Observe begins the snapshot of a scope. It ends with Complete, or without
	// effect with ctx.
	Observe(ctx context.Context, observation discovery.Observation) (Snapshot, error)
	// Fail says that a scope could not be observed. With an empty ScopeID none of
	// the account's could. Budgets as in Complete.
	Fail(ctx context.Context, observation discovery.Observation, budgets []ratelimit.BudgetState, failure *fault.Error) error
	// Scopes returns the scopes that the inventory has of an account.
	Scopes(ctx context.Context, account string) ([]HeldScope, error)
	// RemoveAccount removes everything of an account.
	RemoveAccount(ctx context.Context, account string, token int64) error
}

// Snapshot takes what was seen of a scope.
type Snapshot interface {
	Send(instances []provider.Instance) error
	// Complete applies the snapshot: the scope was seen to its end, and this many
	// instances were sent. The token was taken after that. Budgets say how its APIs' stand. When the roll holds more, recheck is called once with
	// what was not sent; its error ends the snapshot without effect.
	Complete(endToken, count int64, budgets []ratelimit.BudgetState, recheck Recheck) (Changes, error)
}

// Recheck asks the cloud once more for what a listing lacked, by id. The token was
// taken after its answers.
type Recheck func(ctx context.Context, absent []provider.Wanted) (findings []provider.Finding, endToken int64, err error)

// HeldScope is a scope as the roll has it.
type HeldScope struct {
	provider.ScopeID
	Instances int64
	// Observed tells that it ever was, to the end.
	Observed  bool
	LastError string
}

// unseen tells whether nobody ever saw anything of the scope: it may be no place
// at all.
func (s *HeldScope) unseen() bool { return !s.Observed && s.Instances == 0 }

// reading is the reading of one account's scopes.
type reading struct {
	*Syncer
	// claim has the token of all that was found out before any scope was read, from
	// began on: who wakes up late with it says nothing over what is newer.
	claim    Claim
	began    time.Time
	account  provider.Account
	session  provider.Session
	progress *progress
	logger   *slog.Logger

	mu       sync.Mutex
	failures map[int]*fault.Error
	// listed knows what the listings of many scopes had.
	listed []*providerkit.PaginationGuard
}

// isListed tells what a listing of many scopes had in any of them.
func (r *reading) isListed(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.listed, func(g *providerkit.PaginationGuard) bool { return g.Has(id) })
}

// prepare has calls at hand for reading the scopes.
func (r *reading) prepare(ctx context.Context, planned []provider.PlannedScope) {
	spender, ok := r.session.(provider.APILister)
	if !ok || r.Budgets == nil {
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
	r.Budgets.Prepare(ctx, slices.Collect(maps.Keys(apis)))
}

// all reads every scope, some at a time, until each has ended or ctx has.
// limited is ctx with the run's time limit.
func (r *reading) all(ctx, limited context.Context, planned []provider.PlannedScope) {
	flushing, stop := context.WithCancel(ctx)
	var flush sync.WaitGroup
	flush.Go(func() { r.progress.flushUntil(flushing, r.Runs, r.claim, r.Limits.Flush, r.logger) })
	defer flush.Wait()
	defer stop()

	r.prepare(ctx, planned)
	var group errgroup.Group
	group.SetLimit(r.Limits.ScopesPerAccount)
	together, alone := r.batches(planned)
	for _, name := range slices.Sorted(maps.Keys(together)) {
		group.Go(func() error {
			r.readBatch(ctx, limited, name, planned, together[name])
			return nil
		})
	}
	for _, place := range alone {
		group.Go(func() error {
			r.scope(ctx, limited, place, planned[place])
			return nil
		})
	}
	_ = group.Wait() // Failures are kept each with its scope.
}

// looks is how often a scope is read in one run: who was overtaken by another's
// observation looks again.
const looks = 2

// scope reads one scope and says what came of it. When ctx ends it says nothing.
func (r *reading) scope(ctx, limited context.Context, place int, planned provider.PlannedScope) {
	for look := 1; ctx.Err() == nil; look++ {
		observation := r.observation(planned.ScopeID)
		r.progress.update(place, func(s *ScopeResult) {
			s.State, s.StartTime, s.InstancesSeen = ScopeRunning, observation.Time, 0
		})
		if planned.Failure != nil {
			observation.Token, observation.Time = r.claim.Token, r.began
			r.failTelling(ctx, place, observation, planned.Failure, toTell(planned))
			return
		}
		question := &question{reading: r, scope: planned.ScopeID, place: place}
		changes, err := r.look(ctx, limited, question, &observation)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			question.applied(ctx, observation, changes)
			return
		case discovery.IsStale(err) && look < looks:
			r.overtaken(planned.ScopeID)
		default:
			r.fail(ctx, place, observation, provider.FaultOf(err))
			return
		}
	}
}

// look numbers an observation and makes it.
func (r *reading) look(ctx, limited context.Context, question *question, observation *discovery.Observation) (changes Changes, err error) {
	if observation.Token, err = r.Runs.NextToken(ctx); err != nil {
		return changes, provider.OwnFault("number an observation", err)
	}
	return r.observe(limited, question, *observation)
}

// overtaken says that a scope is read again.
func (r *reading) overtaken(scope provider.ScopeID) {
	r.logger.Info("a scope was observed by another while it was read; it is read again", "scope", scope.String())
}

// observation is a try to observe a scope that begins now. Its token is to come.
func (r *reading) observation(scope provider.ScopeID) discovery.Observation {
	return discovery.Observation{
		Account: r.account.ID, Provider: r.account.Provider, ScopeID: scope, Time: time.Now(), Interval: r.interval(r.account),
	}
}

// observe streams one scope into the inventory.
func (r *reading) observe(ctx context.Context, question *question, observation discovery.Observation) (Changes, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Limits.Scope)
	defer cancel() // Ends the snapshot too, unless it was completed.
	if err := ctx.Err(); err != nil {
		return Changes{}, err
	}
	snapshot, err := r.Inventory.Observe(ctx, observation)
	if err != nil {
		return Changes{}, toInventory(ctx, err)
	}
	sink := &tally{progress: r.progress, place: question.place, guard: providerkit.NewPaginationGuard(), send: func(instances []provider.Instance) error {
		return toInventory(ctx, snapshot.Send(instances))
	}}
	if err := r.list(ctx, observation.ScopeID, sink); err != nil {
		return Changes{}, err
	}
	return r.complete(ctx, snapshot, sink.guard.Sent(), question)
}

func (r *reading) list(ctx context.Context, scope provider.ScopeID, sink provider.Sink) (err error) {
	defer provider.RecoverToError(r.logger, &err)
	return r.session.Read(ctx, scope, sink)
}

// complete applies the snapshot of a scope that was seen to its end.
func (r *reading) complete(ctx context.Context, snapshot Snapshot, sent int64, question *question) (Changes, error) {
	end, err := r.Runs.NextToken(ctx)
	if err != nil {
		return Changes{}, provider.OwnFault("number an observation", err)
	}
	changes, err := snapshot.Complete(end, sent, r.budgets(question.scope), question.ask)
	return changes, toInventory(ctx, err)
}

// budgets are how those of the APIs stand that a scope is read by.
func (r *reading) budgets(scope provider.ScopeID) []ratelimit.BudgetState {
	spender, ok := r.session.(provider.APILister)
	if !ok || r.Budgets == nil {
		return nil
	}
	return r.Budgets.States(spender.APIs(scope))
}

// toInventory tells an error of the inventory from that of the cloud, and both
// from having no more time.
func toInventory(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return provider.OwnFault("hand what it saw to the inventory", err)
}

// fail records why a scope could not be read, here and in the inventory.
func (r *reading) fail(ctx context.Context, place int, observation discovery.Observation, failure *fault.Error) {
	r.failTelling(ctx, place, observation, failure, failure)
}

// failTelling is fail with another fault for the inventory.
func (r *reading) failTelling(ctx context.Context, place int, observation discovery.Observation, failure, told *fault.Error) {
	logFailure(r.logger.With("scope", observation.ScopeID.String()), "could not read a scope", failure)
	r.mu.Lock()
	r.failures[place] = failure
	r.mu.Unlock()
	if observation.Token > 0 {
		r.tell(ctx, observation, told)
	}
	r.progress.update(place, func(s *ScopeResult) {
		s.State, s.EndTime, s.Error, s.Reason = ScopeFailed, time.Now(), failure.Message, failure.Reason
	})
}

// tell says to the inventory that a scope could not be observed. When it can't
// be told, the scope simply goes on getting older there.
func (r *reading) tell(ctx context.Context, observation discovery.Observation, failure *fault.Error) {
	ctx, cancel := context.WithTimeout(ctx, discovery.ReportLimit)
	defer cancel()
	if err := r.Inventory.Fail(ctx, observation, r.budgets(observation.ScopeID), failure); err != nil && ctx.Err() == nil {
		r.logger.Warn("could not tell the inventory of a failed scope", "scope", observation.ScopeID.String(), "error", err)
	}
}

// toTell returns what the inventory is told of a planned scope that can't be read.
func toTell(planned provider.PlannedScope) *fault.Error {
	if !planned.Retired {
		return planned.Failure
	}
	return fault.ForReason(fault.ReasonRetired, planned.Failure.Message, planned.Failure.Remedy, planned.Failure)
}

// retire says to the inventory of each scope why it is not read any more.
func (r *reading) retire(ctx context.Context, scopes []provider.PlannedScope) {
	for _, scope := range scopes {
		observation := r.observation(scope.ScopeID)
		observation.Token, observation.Time = r.claim.Token, r.began
		r.tell(ctx, observation, toTell(scope))
	}
}

// failAccount says to the inventory that nothing of the account could be looked
// at.
func (s *Syncer) failAccount(ctx context.Context, claim Claim, account provider.Account, began time.Time, failure *fault.Error) error {
	ctx, cancel := context.WithTimeout(ctx, discovery.ReportLimit)
	defer cancel()
	return s.Inventory.Fail(ctx, discovery.Observation{
		Account: account.ID, Provider: account.Provider, Token: claim.Token, Time: began,
	}, nil, failure)
}

// standsIn tells whether a scope stands for a region that could not be found and
// whose zones are planned now: it goes when one of them is heard of.
func standsIn(held HeldScope, planned []provider.PlannedScope) bool {
	return held.Instances == 0 && slices.ContainsFunc(planned, func(p provider.PlannedScope) bool {
		return p.Kind == held.Kind && strings.HasPrefix(p.Location, held.Location+"-")
	})
}

// withoutPlan are the scopes that the roll has and that the plan lacks: of
// locations that are switched off, or no longer wanted. What the roll says of
// them is stale, and by no means empty. Those that were switched off and still
// hold instances belong to the run, for people may not know; the rest is
// silent. One that was never seen leaves the roll.
func withoutPlan(account provider.Account, planned []provider.PlannedScope, held []HeldScope) (loud, silent []provider.PlannedScope) {
	inPlan, failedKinds := map[provider.ScopeID]bool{{}: true}, map[cloud.Kind]bool{}
	for _, scope := range planned {
		inPlan[scope.ScopeID] = true
		if scope.Location == provider.WholeKind {
			failedKinds[scope.Kind] = true
		}
	}
	unwanted := len(account.Regions) > 0
	for _, scope := range held {
		if inPlan[scope.ScopeID] || failedKinds[scope.Kind] || standsIn(scope, planned) {
			continue
		}
		failure := lostFailure(scope.Location, unwanted)
		lost := provider.PlannedScope{ScopeID: scope.ScopeID, Failure: failure, Retired: true}
		switch {
		case !unwanted && scope.Instances > 0:
			loud = append(loud, lost)
		case scope.LastError != failure.Message, scope.unseen():
			silent = append(silent, lost)
		}
	}
	return loud, silent
}

func lostFailure(location string, unwanted bool) *fault.Error {
	failure := fault.ForReason(fault.ReasonAPIDisabled, fmt.Sprintf("%s is no longer enabled for the account; what is shown of it is as it was last seen", location),
		fmt.Sprintf("Enable %s for the account again, if what is there should be read; or confirm that it may go: rollcall scopes confirm.", location), nil)
	if unwanted {
		failure = fault.ForReason(fault.ReasonAPIDisabled, fmt.Sprintf("%s is no longer among the regions wanted of the account; what is shown of it is as it was last seen", location),
			fmt.Sprintf("Add %s to the account's regions to have it read again; or confirm that it may go: rollcall scopes confirm.", location), nil)
	}
	return failure
}
