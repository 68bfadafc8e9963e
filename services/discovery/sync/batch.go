package sync

import (
	"context"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"golang.org/x/sync/errgroup"
)

// unplannedInBatches returns the stored scopes that the plan omits and that a batch of the plan
// lists if they have instances. Scopes of which nothing was ever observed are left out, because a
// listing without them proves nothing.
func unplannedInBatches(session provider.Session, account provider.Account, planned []provider.PlannedScope, stored []StoredScope) []provider.PlannedScope {
	lister, ok := session.(provider.BatchSession)
	if !ok || len(account.Regions) > 0 {
		return nil
	}
	isPlanned, isListed := map[provider.ScopeID]bool{}, map[string]bool{}
	for _, scope := range planned {
		isPlanned[scope.ScopeID] = true
		if name := lister.Batch(scope.ScopeID); name != "" && scope.Failure == nil {
			isListed[name] = true
		}
	}
	var more []provider.PlannedScope
	for _, scope := range stored {
		if !isPlanned[scope.ScopeID] && !scope.isUnknown() && isListed[lister.Batch(scope.ScopeID)] {
			more = append(more, provider.PlannedScope{ScopeID: scope.ScopeID})
		}
	}
	return more
}

// batches splits the plan: the indexes of scopes that are read together, by the name of their batch,
// and the indexes of those that are read one by one.
func (r *accountReader) batches(planned []provider.PlannedScope) (batches map[string][]int, single []int) {
	lister, ok := r.session.(provider.BatchSession)
	batches = map[string][]int{}
	for index, scope := range planned {
		name := ""
		if ok && scope.Failure == nil {
			name = lister.Batch(scope.ScopeID)
		}
		if name == "" {
			single = append(single, index)
		} else {
			batches[name] = append(batches[name], index)
		}
	}
	return batches, single
}

// batchReader reads the scopes of one batch. It implements provider.BatchSink.
type batchReader struct {
	reader *accountReader
	ctx    context.Context //nolint:containedctx // That of the snapshots, which outlive the calls that begin them.
	token  int64
	time   time.Time
	scopes map[provider.ScopeID]*batchScope
	order  []*batchScope
}

// batchScope is one scope of a batch.
type batchScope struct {
	observation discovery.Observation
	probe       *absenceProbe
	// sink is nil until the listing returned an instance of the scope.
	sink     *scopeSink
	snapshot Snapshot
	cancel   context.CancelFunc
	failure  *fault.Error
}

// readBatch reads the scopes at some indexes of the plan in one listing, and records the result of
// each. If ctx ends, it records nothing.
func (r *accountReader) readBatch(ctx, limited context.Context, name string, planned []provider.PlannedScope, indexes []int) {
	if ctx.Err() != nil {
		return
	}
	limited, cancel := context.WithTimeout(limited, r.syncer.Limits.Scope)
	defer cancel() // Ends the snapshots too, unless they were completed.
	b := &batchReader{reader: r, ctx: limited, time: time.Now(), scopes: map[provider.ScopeID]*batchScope{}}
	for _, index := range indexes {
		b.add(planned[index].ScopeID, index)
	}
	var err error
	if b.token, err = r.syncer.Runs.NextToken(ctx); err != nil {
		err = provider.OwnFault("number an observation", err)
	} else {
		for _, s := range b.order {
			s.observation.Token = b.token
		}
		err = b.list(limited, name)
	}
	b.conclude(ctx, err)
}

func (b *batchReader) list(ctx context.Context, name string) (err error) {
	defer provider.RecoverToError(b.reader.logger, &err)
	return b.reader.session.(provider.BatchSession).ReadBatch(ctx, name, b) //nolint:forcetypeassert // batches has checked it.
}

// add adds a scope to the batch.
func (b *batchReader) add(scope provider.ScopeID, index int) *batchScope {
	s := &batchScope{
		cancel: func() {}, observation: b.reader.observation(scope),
		probe: &absenceProbe{reader: b.reader, scope: scope, index: index},
	}
	s.observation.Token, s.observation.Time = b.token, b.time
	b.scopes[scope] = s
	b.order = append(b.order, s)
	b.reader.progress.update(index, func(s *ScopeResult) { s.State, s.StartTime = ScopeRunning, b.time })
	return s
}

// scope returns a scope of the batch. It adds a scope that the plan omits.
func (b *batchReader) scope(id provider.ScopeID) *batchScope {
	if s := b.scopes[id]; s != nil {
		return s
	}
	return b.add(id, b.reader.progress.add(id))
}

// Page takes some instances of a scope.
func (b *batchReader) Page(ctx context.Context, scope provider.ScopeID, instances []provider.Instance) error {
	s := b.scope(scope)
	if s.failure != nil || len(instances) == 0 {
		return nil //nolint:nilerr // A scope that failed is skipped while the others go on.
	}
	err := b.begin(s) //nolint:contextcheck // A snapshot outlives this call.
	if err == nil {
		err = s.sink.Page(ctx, instances)
	}
	if failure := provider.FaultOf(err); err != nil && b.ctx.Err() == nil && provider.IsOwnFault(failure) {
		b.Fail(scope, failure) // The inventory refuses this scope and may accept others.
		return nil
	}
	return err
}

// begin begins the snapshot of a scope, once.
func (b *batchReader) begin(s *batchScope) (err error) {
	if s.sink != nil {
		return nil
	}
	ctx, cancel := context.WithCancel(b.ctx)
	s.cancel = cancel
	if s.snapshot, err = b.reader.syncer.Inventory.Observe(ctx, s.observation); err != nil {
		return inventoryError(ctx, err)
	}
	s.sink = b.reader.newSink(ctx, s.probe.index, s.snapshot)
	return nil
}

// Fail records that a scope could not be read.
func (b *batchReader) Fail(scope provider.ScopeID, failure *fault.Error) {
	s := b.scope(scope)
	if s.failure == nil {
		s.failure = failure
		s.cancel() // Ends its snapshot without effect.
	}
}

// Called counts one request, for the first scope of the batch.
func (b *batchReader) Called(throttled bool) {
	if len(b.order) == 0 {
		return
	}
	b.order[0].probe.Called(throttled)
}

// conclude records the result of each scope, some at a time.
func (b *batchReader) conclude(ctx context.Context, err error) {
	var group errgroup.Group
	group.SetLimit(b.reader.syncer.Limits.ScopesPerAccount)
	b.addListed()
	for _, s := range b.order {
		group.Go(func() error {
			b.concludeScope(ctx, s, err)
			return nil
		})
	}
	_ = group.Wait() // Failures are stored with their scopes.
}

func (b *batchReader) concludeScope(ctx context.Context, s *batchScope, err error) {
	defer s.cancel()
	changes, err := b.complete(s, err) //nolint:contextcheck // A snapshot has a context of its own.
	switch {
	case ctx.Err() != nil:
	case discovery.IsStale(err): // Only this scope needs to be listed again.
		b.reader.logOvertaken(s.probe.scope)
		b.reader.readScope(ctx, b.ctx, s.probe.index, provider.PlannedScope{ScopeID: s.probe.scope})
	case err != nil:
		failure := provider.FaultOf(err)
		b.reader.fail(ctx, s.probe.index, s.observation, failure, failure)
	default:
		s.probe.applied(ctx, s.observation, changes)
	}
}

// addListed makes the ids that the listing returned, in any of its scopes, known to the account.
func (b *batchReader) addListed() {
	b.reader.mu.Lock()
	defer b.reader.mu.Unlock()
	for _, s := range b.order {
		if s.sink != nil {
			b.reader.listed = append(b.reader.listed, s.sink.guard)
		}
	}
}

// complete applies the snapshot of a scope if the listing ended without an error.
func (b *batchReader) complete(s *batchScope, err error) (Changes, error) {
	switch {
	case s.failure != nil:
		return Changes{}, s.failure
	case err != nil:
		s.cancel()
		return Changes{}, err
	}
	if err := b.begin(s); err != nil { // A scope without instances is empty.
		return Changes{}, err
	}
	return b.reader.complete(b.ctx, s.snapshot, s.sink.guard.Sent(), s.probe)
}
