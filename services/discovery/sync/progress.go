package sync

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// progress has the results of a run's scopes while it runs. Changes are collected and stored at most
// once in each flush interval, however many pages arrive.
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

// add adds a scope, unless it has it already, and returns its index.
func (p *progress) add(scope provider.ScopeID) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if index := slices.IndexFunc(p.scopes, func(s ScopeResult) bool { return s.ScopeID == scope }); index >= 0 {
		return index
	}
	index := len(p.scopes)
	p.scopes = append(p.scopes, ScopeResult{ScopeID: scope, State: ScopePending})
	p.changed[index] = struct{}{}
	return index
}

// update changes the result of one scope.
func (p *progress) update(i int, change func(*ScopeResult)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.scopes[i])
	p.changed[i] = struct{}{}
}

// all returns a copy of the results of all scopes, and their totals.
func (p *progress) all() ([]ScopeResult, Totals) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]ScopeResult(nil), p.scopes...), p.totals()
}

// takeChanged returns a copy of the results that changed since the last call, and the totals.
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

// countCall counts one request to the provider for a scope.
func (p *progress) countCall(index int, throttled bool) {
	p.update(index, func(s *ScopeResult) {
		s.Requests++
		if throttled {
			s.Throttled++
		}
	})
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

// flushUntil stores the changes at an interval until ctx ends. Changes that could not be stored are
// stored at the end of the run, with everything else.
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
			logger.Warn("progress of the run not stored", "error", err)
		}
	}
}
