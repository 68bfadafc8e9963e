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

// recheckAtOnce is how many instances a cloud is asked for in one Find: what it
// answers is in memory.
const recheckAtOnce = 1000

// recheckShare is the part of the time that is left which asking may take: the
// rest is for applying what was seen.
const recheckShare = 0.75

// question asks the cloud of one scope, before what a listing lacked is marked
// gone.
type question struct {
	*reading
	scope provider.ScopeID
	place int
	// lost is why some could not be asked for; nil: all could.
	lost *fault.Error
}

// ask is the Recheck of the scope. What there is no time to ask for is undecided,
// and so is all that comes after what can't be asked.
func (q *question) ask(ctx context.Context, absent []provider.Wanted) (findings []provider.Finding, endToken int64, err error) {
	limited := ctx
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, time.Duration(recheckShare*float64(time.Until(deadline))))
		defer cancel()
	}
	absent, moved := q.moved(absent)
	findings = make([]provider.Finding, 0, len(absent)+len(moved))
	for chunk := range slices.Chunk(absent, recheckAtOnce) {
		found, err := q.find(limited, chunk)
		if ctx.Err() != nil {
			return nil, 0, ctx.Err()
		}
		if err != nil {
			found = undecided(chunk, provider.FaultOf(err))
		}
		findings = append(findings, found...)
		q.keep(found)
	}
	if len(moved) > 0 {
		found := undecided(moved, shownElsewhere())
		findings = append(findings, found...)
		q.keep(found)
	}
	if endToken, err = q.Runs.NextToken(ctx); err != nil {
		return nil, 0, provider.OwnFault("number an observation", err)
	}
	return findings, endToken, nil
}

// shownElsewhere is the failure of what a listing lacks in one place and has in
// another: its old place would deny it, and it is there.
func shownElsewhere() *fault.Error {
	return fault.ForReason(fault.ReasonInternal, "the same listing has it in another place", "Nothing: it is shown there once that place was taken in.", nil)
}

// moved parts what a listing of the run has, then in another scope, from what none
// has.
func (q *question) moved(absent []provider.Wanted) (nowhere, elsewhere []provider.Wanted) {
	for i := range absent {
		if q.isListed(absent[i].ProviderID) {
			elsewhere = append(elsewhere, absent[i])
		} else {
			nowhere = append(nowhere, absent[i])
		}
	}
	return nowhere, elsewhere
}

func (q *question) find(ctx context.Context, wanted []provider.Wanted) (findings []provider.Finding, err error) {
	defer provider.RecoverToError(q.logger, &err)
	finder, ok := q.session.(provider.Prober)
	if !ok {
		return nil, provider.OwnFault("ask this cloud for single instances", nil)
	}
	if q.lost != nil {
		return nil, q.lost
	}
	return finder.Probe(ctx, q.scope, wanted, q)
}

// keep counts what was found, and remembers why some could not be asked for.
func (q *question) keep(findings []provider.Finding) {
	found := int64(0)
	for i := range findings {
		switch findings[i].Evidence {
		case provider.Found:
			found++
		case provider.Undecided:
			q.lost = findings[i].Failure
		}
	}
	if found > 0 {
		q.logger.Warn("a listing lacked instances that are there", "scope", q.scope.String(), "instances", found)
		q.progress.update(q.place, func(s *ScopeResult) { s.InstancesSeen += found })
	}
}

// Called counts one request.
func (q *question) Called(throttled bool) {
	q.progress.update(q.place, func(s *ScopeResult) {
		s.Requests++
		if throttled {
			s.Throttled++
		}
	})
}

// undecided says of all that they could not be asked for.
func undecided(wanted []provider.Wanted, failure *fault.Error) []provider.Finding {
	findings := make([]provider.Finding, len(wanted))
	for i := range wanted {
		findings[i] = provider.Finding{ProviderID: wanted[i].ProviderID, Evidence: provider.Undecided, Failure: failure}
	}
	return findings
}

// applied says what a snapshot that was applied came to. Of what it lacked, some
// may not be marked as gone yet: then people are told.
func (q *question) applied(ctx context.Context, observation discovery.Observation, changes Changes) {
	if changes.Missing == 0 {
		q.progress.update(q.place, func(s *ScopeResult) {
			s.State, s.EndTime, s.Changes = ScopeSucceeded, time.Now(), changes
		})
		return
	}
	failure := q.held(changes)
	logFailure(q.logger.With("scope", q.scope.String()), "a scope is held", failure)
	q.mu.Lock()
	q.failures[q.place] = failure
	q.mu.Unlock()
	if q.lost != nil {
		q.tell(ctx, observation, failure)
	}
	q.progress.update(q.place, func(s *ScopeResult) {
		s.State, s.EndTime, s.Changes, s.Error, s.Reason = ScopeHeld, time.Now(), changes, failure.Message, failure.Reason
	})
}

// held is why some are not marked as gone yet, for people.
func (q *question) held(changes Changes) *fault.Error {
	if q.lost == nil {
		return fault.ForReason(fault.ReasonInternal, changes.MissingReason,
			"Nothing, if it is as it seems: the next reading settles it. Who knows already that they are gone may confirm the scope.", nil)
	}
	text := fmt.Sprintf("listed, but %d missing instances could not be asked for, and are shown as last seen", changes.Missing)
	if changes.Missing == 1 {
		text = "listed, but a missing instance could not be asked for, and is shown as last seen"
	}
	failure := fault.ForReason(q.lost.Reason, text+": "+q.lost.Message, q.lost.Remedy, errors.Unwrap(q.lost))
	failure.Retryable = q.lost.Retryable
	return failure
}
