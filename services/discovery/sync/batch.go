package sync

import (
	"context"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"golang.org/x/sync/errgroup"
)

// batched are the scopes that the roll has and the plan lacks, and that a batch
// of the plan lists if anything is there: the listing says what became of them.
// That it lacks a place of which nobody ever saw anything says nothing.
func batched(session provider.Session, account provider.Account, planned []provider.PlannedScope, held []HeldScope) []provider.PlannedScope {
	lister, ok := session.(provider.BatchSession)
	if !ok || len(account.Regions) > 0 {
		return nil
	}
	inPlan, listed := map[provider.ScopeID]bool{}, map[string]bool{}
	for _, scope := range planned {
		inPlan[scope.ScopeID] = true
		if name := lister.Batch(scope.ScopeID); name != "" && scope.Failure == nil {
			listed[name] = true
		}
	}
	var more []provider.PlannedScope
	for _, scope := range held {
		if !inPlan[scope.ScopeID] && !scope.unseen() && listed[lister.Batch(scope.ScopeID)] {
			more = append(more, provider.PlannedScope{ScopeID: scope.ScopeID})
		}
	}
	return more
}

// batches are the places in the plan that are read together, by the name of
// their batch, and those that are read alone.
func (r *reading) batches(planned []provider.PlannedScope) (together map[string][]int, alone []int) {
	lister, ok := r.session.(provider.BatchSession)
	together = map[string][]int{}
	for place, scope := range planned {
		name := ""
		if ok && scope.Failure == nil {
			name = lister.Batch(scope.ScopeID)
		}
		if name == "" {
			alone = append(alone, place)
		} else {
			together[name] = append(together[name], place)
		}
	}
	return together, alone
}

// batch is the reading of one batch. It is the BatchSink.
type batch struct {
	*reading
	ctx   context.Context //nolint:containedctx // That of the snapshots, which outlive the calls that begin them.
	token int64
	time  time.Time
	parts map[provider.ScopeID]*part
	order []*part
}

// part is one scope of a batch.
type part struct {
	observation discovery.Observation
	question    *question
	// tally is nil until something of the scope was seen.
	tally    *tally
	snapshot Snapshot
	cancel   context.CancelFunc
	failure  *fault.Error
}

// readBatch reads the scopes at some places of the plan in one listing, and says
// of each what came of it. When ctx ends it says nothing.
func (r *reading) readBatch(ctx, limited context.Context, name string, planned []provider.PlannedScope, places []int) {
	if ctx.Err() != nil {
		return
	}
	limited, cancel := context.WithTimeout(limited, r.Limits.Scope)
	defer cancel() // Ends the snapshots too, unless they were completed.
	b := &batch{reading: r, ctx: limited, time: time.Now(), parts: map[provider.ScopeID]*part{}}
	for _, place := range places {
		b.add(planned[place].ScopeID, place)
	}
	var err error
	if b.token, err = r.Runs.NextToken(ctx); err != nil {
		err = provider.OwnFault("number an observation", err)
	} else {
		for _, p := range b.order {
			p.observation.Token = b.token
		}
		err = b.read(limited, name)
	}
	b.conclude(ctx, err)
}

func (b *batch) read(ctx context.Context, name string) (err error) {
	defer provider.RecoverToError(b.logger, &err)
	return b.session.(provider.BatchSession).ReadBatch(ctx, name, b) //nolint:forcetypeassert // batches has asked.
}

// add takes a scope in.
func (b *batch) add(scope provider.ScopeID, place int) *part {
	p := &part{cancel: func() {}, observation: b.observation(scope), question: &question{reading: b.reading, scope: scope, place: place}}
	p.observation.Token, p.observation.Time = b.token, b.time
	b.parts[scope] = p
	b.order = append(b.order, p)
	b.progress.update(place, func(s *ScopeResult) { s.State, s.StartTime = ScopeRunning, b.time })
	return p
}

// part is the part of a scope, also of one that the plan lacks.
func (b *batch) part(scope provider.ScopeID) *part {
	if p := b.parts[scope]; p != nil {
		return p
	}
	return b.add(scope, b.progress.add(scope))
}

// Page takes some instances of a scope.
func (b *batch) Page(ctx context.Context, scope provider.ScopeID, instances []provider.Instance) error {
	p := b.part(scope)
	if p.failure != nil || len(instances) == 0 {
		return nil //nolint:nilerr // A scope that has failed is passed over while others go on.
	}
	err := b.begin(p) //nolint:contextcheck // A snapshot outlives this call.
	if err == nil {
		err = p.tally.Page(ctx, instances)
	}
	if failure := provider.FaultOf(err); err != nil && b.ctx.Err() == nil && provider.IsOwnFault(failure) {
		b.Fail(scope, failure) // The inventory does not take this scope, and may take others.
		return nil
	}
	return err
}

// begin begins the snapshot of a part, once.
func (b *batch) begin(p *part) (err error) {
	if p.tally != nil {
		return nil
	}
	ctx, cancel := context.WithCancel(b.ctx)
	p.cancel = cancel
	if p.snapshot, err = b.Inventory.Observe(ctx, p.observation); err != nil {
		return toInventory(ctx, err)
	}
	p.tally = &tally{progress: b.progress, place: p.question.place, guard: providerkit.NewPaginationGuard(), send: func(instances []provider.Instance) error {
		return toInventory(ctx, p.snapshot.Send(instances))
	}}
	return nil
}

// Fail says that a scope could not be read.
func (b *batch) Fail(scope provider.ScopeID, failure *fault.Error) {
	p := b.part(scope)
	if p.failure == nil {
		p.failure = failure
		p.cancel() // Ends what was sent of it without effect.
	}
}

// Called counts one request, for the batch's first scope.
func (b *batch) Called(throttled bool) {
	if len(b.order) == 0 {
		return
	}
	b.order[0].question.Called(throttled)
}

// conclude says of each scope what came of it, some at a time.
func (b *batch) conclude(ctx context.Context, err error) {
	var group errgroup.Group
	group.SetLimit(b.Limits.ScopesPerAccount)
	b.keepListed()
	for _, p := range b.order {
		group.Go(func() error {
			defer p.cancel()
			changes, err := b.complete(p, err) //nolint:contextcheck // A snapshot has a context of its own.
			switch {
			case ctx.Err() != nil:
			case discovery.IsStale(err): // The others of the batch need not be listed again.
				b.overtaken(p.question.scope)
				b.scope(ctx, b.ctx, p.question.place, provider.PlannedScope{ScopeID: p.question.scope})
			case err != nil:
				b.fail(ctx, p.question.place, p.observation, provider.FaultOf(err))
			default:
				p.question.applied(ctx, p.observation, changes)
			}
			return nil
		})
	}
	_ = group.Wait() // Failures are kept each with its scope.
}

// keepListed remembers what the listing has, in any of its scopes.
func (b *batch) keepListed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.order {
		if p.tally != nil {
			b.listed = append(b.listed, p.tally.guard)
		}
	}
}

// complete applies a part's snapshot, if the listing came to its end.
func (b *batch) complete(p *part, err error) (Changes, error) {
	switch {
	case p.failure != nil:
		return Changes{}, p.failure
	case err != nil:
		p.cancel()
		return Changes{}, err
	}
	if err := b.begin(p); err != nil { // Nothing was seen of it, and it ended well: it is empty.
		return Changes{}, err
	}
	return b.reading.complete(b.ctx, p.snapshot, p.tally.guard.Sent(), p.question)
}
