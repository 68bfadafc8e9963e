package sync

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
)

// progress is what is known of a run while it goes on. Changes are gathered and
// stored at most once every flushEvery, however many pages come.
type progress struct {
	mu      sync.Mutex
	scopes  []ScopeResult
	changed map[int]struct{}
}

func newProgress(planned []provider.PlannedScope) *progress {
	p := &progress{scopes: make([]ScopeResult, len(planned)), changed: map[int]struct{}{}}
	for i, scope := range planned {
		p.scopes[i] = ScopeResult{ScopeID: scope.ScopeID, State: ScopePending}
	}
	return p
}

// add puts one more scope under way, unless it is already, and gives its place.
func (p *progress) add(scope provider.ScopeID) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if place := slices.IndexFunc(p.scopes, func(s ScopeResult) bool { return s.ScopeID == scope }); place >= 0 {
		return place
	}
	place := len(p.scopes)
	p.scopes = append(p.scopes, ScopeResult{ScopeID: scope, State: ScopePending})
	p.changed[place] = struct{}{}
	return place
}

// update changes one scope.
func (p *progress) update(i int, change func(*ScopeResult)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.scopes[i])
	p.changed[i] = struct{}{}
}

// all is a copy of every scope, and the sums.
func (p *progress) all() ([]ScopeResult, Totals) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]ScopeResult(nil), p.scopes...), p.totals()
}

// takeChanged is a copy of the scopes that changed since the last call, and the
// sums.
func (p *progress) takeChanged() ([]ScopeResult, Totals) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var changed []ScopeResult
	for i := range p.changed {
		changed = append(changed, p.scopes[i])
	}
	clear(p.changed)
	return changed, p.totals()
}

func (p *progress) totals() Totals {
	t := Totals{ScopesTotal: len(p.scopes)}
	for i := range p.scopes {
		scope := &p.scopes[i]
		t.InstancesSeen += scope.InstancesSeen
		switch scope.State {
		case ScopeFailed:
			t.ScopesFailed++
			t.ScopesDone++
		case ScopeSucceeded, ScopeHeld:
			t.ScopesDone++
		}
	}
	return t
}

// flushUntil stores what changed, every so often, until ctx ends. What could not
// be stored is stored again at the end of the run, with all the rest.
func (p *progress) flushUntil(ctx context.Context, runs Runs, claim Claim, every time.Duration, logger *slog.Logger) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		changed, totals := p.takeChanged()
		if len(changed) == 0 {
			continue
		}
		if err := runs.Progress(ctx, claim, changed, totals); err != nil && ctx.Err() == nil {
			logger.Warn("could not store how a run goes", "error", err)
		}
	}
}

// tally is the Sink of one scope: it counts, guards, and passes on.
type tally struct {
	progress *progress
	place    int
	guard    *providerkit.PaginationGuard
	send     func([]provider.Instance) error
}

// Page takes some instances.
func (t *tally) Page(_ context.Context, instances []provider.Instance) error {
	if err := t.guard.Page(instances); err != nil {
		return err
	}
	if len(instances) > 0 {
		if err := t.send(instances); err != nil {
			return err
		}
	}
	t.progress.update(t.place, func(s *ScopeResult) { s.InstancesSeen = t.guard.Sent() })
	return nil
}

// Called counts one request.
func (t *tally) Called(throttled bool) {
	t.progress.update(t.place, func(s *ScopeResult) {
		s.Requests++
		if throttled {
			s.Throttled++
		}
	})
}
