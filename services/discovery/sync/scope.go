package sync

import (
	"context"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// maxAttempts is how often a scope is read in one run. If another worker observed it meanwhile,
// it is read again.
const maxAttempts = 2

// readScope reads one scope and records the result. If ctx ends, it records nothing.
func (r *accountReader) readScope(ctx, limited context.Context, index int, planned provider.PlannedScope) {
	for attempt := 1; ctx.Err() == nil; attempt++ {
		observation := r.observation(planned.ScopeID)
		r.progress.update(index, func(s *ScopeResult) {
			s.State, s.StartTime, s.InstancesSeen = ScopeRunning, observation.Time, 0
		})
		if planned.Failure != nil {
			observation.Token, observation.Time = r.claim.Token, r.start
			r.fail(ctx, index, observation, planned.Failure, inventoryFailure(planned))
			return
		}
		probe := &absenceProbe{reader: r, scope: planned.ScopeID, index: index}
		changes, err := r.observe(ctx, limited, probe, &observation)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			probe.applied(ctx, observation, changes)
			return
		case discovery.IsStale(err) && attempt < maxAttempts:
			r.logOvertaken(planned.ScopeID)
		default:
			failure := provider.FaultOf(err)
			r.fail(ctx, index, observation, failure, failure)
			return
		}
	}
}

// observation returns an observation of a scope that begins now, without a token.
func (r *accountReader) observation(scope provider.ScopeID) discovery.Observation {
	return discovery.Observation{
		Account: r.account.ID, Provider: r.account.Provider, ScopeID: scope, Time: time.Now(),
		Interval: r.syncer.interval(r.account),
	}
}

// observe gives the observation its token and streams the scope into the inventory.
func (r *accountReader) observe(ctx, limited context.Context, probe *absenceProbe, observation *discovery.Observation) (changes Changes, err error) {
	if observation.Token, err = r.syncer.Runs.NextToken(ctx); err != nil {
		return changes, provider.OwnFault("number an observation", err)
	}
	limited, cancel := context.WithTimeout(limited, r.syncer.Limits.Scope)
	defer cancel() // Ends the snapshot too, unless it was completed.
	if err := limited.Err(); err != nil {
		return Changes{}, err
	}
	snapshot, err := r.syncer.Inventory.Observe(limited, *observation)
	if err != nil {
		return Changes{}, inventoryError(limited, err)
	}
	sink := r.newSink(limited, probe.index, snapshot)
	if err := r.list(limited, observation.ScopeID, sink); err != nil {
		return Changes{}, err
	}
	return r.complete(limited, snapshot, sink.guard.Sent(), probe)
}

func (r *accountReader) list(ctx context.Context, scope provider.ScopeID, sink provider.Sink) (err error) {
	defer provider.RecoverToError(r.logger, &err)
	return r.session.Read(ctx, scope, sink)
}

// complete applies the snapshot of a scope whose listing ended without an error.
func (r *accountReader) complete(ctx context.Context, snapshot Snapshot, sent int64, probe *absenceProbe) (Changes, error) {
	end, err := r.syncer.Runs.NextToken(ctx)
	if err != nil {
		return Changes{}, provider.OwnFault("number an observation", err)
	}
	changes, err := snapshot.Complete(end, sent, r.budgets(probe.scope), probe.run)
	return changes, inventoryError(ctx, err)
}

// inventoryError marks an error of the inventory as Rollcall's own fault, unless the time is over.
func inventoryError(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return provider.OwnFault("store the observation in the inventory", err)
}

// fail records why a scope could not be read, in the run and, with a reason of its own for retired
// scopes, in the inventory.
func (r *accountReader) fail(ctx context.Context, index int, observation discovery.Observation, failure, stored *fault.Error) {
	logFailure(r.logger.With("scope", observation.ScopeID.String()), "scope not read", failure)
	r.addFailure(index, failure)
	if observation.Token > 0 {
		r.report(ctx, observation, stored)
	}
	r.progress.update(index, func(s *ScopeResult) {
		s.State, s.EndTime, s.Error, s.Reason = ScopeFailed, time.Now(), failure.Message, failure.Reason
	})
}

// report reports to the inventory that a scope could not be observed. If that fails too, the scope
// ages there, which also makes it unreachable.
func (r *accountReader) report(ctx context.Context, observation discovery.Observation, failure *fault.Error) {
	ctx, cancel := context.WithTimeout(ctx, discovery.ReportLimit)
	defer cancel()
	if err := r.syncer.Inventory.Fail(ctx, observation, r.budgets(observation.ScopeID), failure); err != nil && ctx.Err() == nil {
		r.logger.Warn("failed scope not reported to inventory", "scope", observation.ScopeID.String(), "error", err)
	}
}

func (r *accountReader) logOvertaken(scope provider.ScopeID) {
	r.logger.Info("scope observed by another worker meanwhile; reading it again", "scope", scope.String())
}
