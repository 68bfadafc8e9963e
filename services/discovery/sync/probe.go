package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// probeChunk is how many instances are looked up in one Probe: its answers are in memory.
const probeChunk = 1000

// probeShare is the share of the remaining time that an absence probe may take. The rest is for
// applying the snapshot.
const probeShare = 0.75

// absenceProbe looks up the missing instances of one scope, before any of them is marked gone.
type absenceProbe struct {
	reader *accountReader
	scope  provider.ScopeID
	// index is that of the scope in the plan.
	index int
	// undecided is why some instances could not be looked up; nil: all could.
	undecided *fault.Error
}

// run is the Probe of the scope. Instances for which there is no time are undecided, and so are all
// that follow the first that can't be looked up.
func (p *absenceProbe) run(ctx context.Context, missing []provider.Wanted) (findings []provider.Finding, endToken int64, err error) {
	limited := ctx
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, time.Duration(probeShare*float64(time.Until(deadline))))
		defer cancel()
	}
	missing, moved := p.splitMoved(missing)
	findings = make([]provider.Finding, 0, len(missing)+len(moved))
	for chunk := range slices.Chunk(missing, probeChunk) {
		found, err := p.find(limited, chunk)
		if ctx.Err() != nil {
			return nil, 0, ctx.Err()
		}
		if err != nil {
			found = allUndecided(chunk, provider.FaultOf(err))
		}
		findings = append(findings, found...)
		p.record(found)
	}
	if len(moved) > 0 {
		found := allUndecided(moved, errListedElsewhere())
		findings = append(findings, found...)
		p.record(found)
	}
	if endToken, err = p.reader.syncer.Runs.NextToken(ctx); err != nil {
		return nil, 0, provider.OwnFault("number an observation", err)
	}
	return findings, endToken, nil
}

// errListedElsewhere returns the failure for instances that the same listing has in another scope.
// A look-up in their old scope would deny them, although they exist.
func errListedElsewhere() *fault.Error {
	return fault.ForReason(fault.ReasonInternal, "the same listing has the instance in another location",
		"Nothing. It is shown there once that location is stored.", nil)
}

// splitMoved separates the missing instances that a batch listing of this run returned in another
// scope.
func (p *absenceProbe) splitMoved(missing []provider.Wanted) (nowhere, elsewhere []provider.Wanted) {
	for i := range missing {
		if p.reader.isListed(missing[i].ProviderID) {
			elsewhere = append(elsewhere, missing[i])
		} else {
			nowhere = append(nowhere, missing[i])
		}
	}
	return nowhere, elsewhere
}

// find looks up some instances, unless an earlier look-up failed.
func (p *absenceProbe) find(ctx context.Context, wanted []provider.Wanted) (findings []provider.Finding, err error) {
	defer provider.RecoverToError(p.reader.logger, &err)
	prober, ok := p.reader.session.(provider.Prober)
	if !ok {
		return nil, provider.OwnFault("look up single instances of this provider", nil)
	}
	if p.undecided != nil {
		return nil, p.undecided
	}
	return prober.Probe(ctx, p.scope, wanted, p)
}

// record counts the instances that exist, and remembers why some could not be looked up.
func (p *absenceProbe) record(findings []provider.Finding) {
	found := int64(0)
	for i := range findings {
		switch findings[i].Evidence {
		case provider.Found:
			found++
		case provider.Undecided:
			p.undecided = findings[i].Failure
		}
	}
	if found > 0 {
		p.reader.logger.Warn("listing omitted instances that exist", "scope", p.scope.String(), "instances", found)
		p.reader.progress.update(p.index, func(s *ScopeResult) { s.InstancesSeen += found })
	}
}

// Called counts one request.
func (p *absenceProbe) Called(throttled bool) { p.reader.progress.countCall(p.index, throttled) }

// allUndecided returns a finding for each instance that it could not be looked up.
func allUndecided(wanted []provider.Wanted, failure *fault.Error) []provider.Finding {
	findings := make([]provider.Finding, len(wanted))
	for i := range wanted {
		findings[i] = provider.Finding{ProviderID: wanted[i].ProviderID, Evidence: provider.Undecided, Failure: failure}
	}
	return findings
}

// applied records the result of a snapshot that was applied. If some missing instances may not be
// marked as gone yet, the scope is held, and the failure states why.
func (p *absenceProbe) applied(ctx context.Context, observation discovery.Observation, changes Changes) {
	if changes.Missing == 0 {
		p.reader.progress.update(p.index, func(s *ScopeResult) {
			s.State, s.EndTime, s.Changes = ScopeSucceeded, time.Now(), changes
		})
		return
	}
	failure := p.heldFailure(changes)
	logFailure(p.reader.logger.With("scope", p.scope.String()), "scope held", failure)
	p.reader.addFailure(p.index, failure)
	if p.undecided != nil {
		p.reader.report(ctx, observation, failure)
	}
	p.reader.progress.update(p.index, func(s *ScopeResult) {
		s.State, s.EndTime, s.Changes, s.Error, s.Reason = ScopeHeld, time.Now(), changes, failure.Message, failure.Reason
	})
}

// heldFailure returns why missing instances are not marked as gone yet.
func (p *absenceProbe) heldFailure(changes Changes) *fault.Error {
	if p.undecided == nil {
		return fault.ForReason(fault.ReasonInternal, changes.MissingReason,
			"Nothing, if the instances were deleted: the next sync settles it. To mark them as gone at once, confirm the scope.", nil)
	}
	text := fmt.Sprintf("%d missing instances could not be looked up, and are shown as last seen", changes.Missing)
	if changes.Missing == 1 {
		text = "a missing instance could not be looked up, and is shown as last seen"
	}
	failure := fault.ForReason(p.undecided.Reason, text+": "+p.undecided.Message, p.undecided.Remedy, errors.Unwrap(p.undecided))
	failure.Retryable = p.undecided.Retryable
	return failure
}
