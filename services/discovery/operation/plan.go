package operation

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/retry"
)

// plan asks the cloud about the targets, sets what would be done about each, and changes
// nothing. What may pass is tried again, as an executor does, so that the plan depends on
// the cloud and not on the speed of this machine.
func (s *Service) plan(ctx context.Context, operation *Operation) (*Operation, error) {
	limited, cancel := context.WithDeadline(ctx, s.deadline(ctx))
	defer cancel()
	observer := observer{tokens: s.Store, limit: s.Limits.Read, logger: s.Logger}
	p := planner{
		limits:   s.Limits,
		checker:  checker{operation: operation, protection: s.Protection, observer: observer, retries: s.Limits.Retries},
		sessions: newSessions(limited, operation.Verb, signIn{providers: s.Providers, accounts: s.Accounts}, s.Inventory, observer),
	}
	var group errgroup.Group
	group.SetLimit(readBatch)
	for _, t := range operation.Targets {
		if t.State.Ended() {
			continue
		}
		group.Go(func() error {
			p.planTarget(limited, t)
			return nil
		})
	}
	_ = group.Wait() // The result of each is in its target.
	p.sessions.wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if t := operation.Targets; !operation.Batch && t[0].Refusal != nil {
		return nil, callerFault(t[0].Refusal, t[0].Instance)
	}
	entries := make([]AuditEntry, 0, len(operation.Targets))
	for _, t := range operation.Targets {
		entries = append(entries, targetEntry(operation, AuditValidated, t))
	}
	return operation, s.Store.Audit(ctx, entries...)
}

// planner finds out what an executor would do about targets.
type planner struct {
	limits   Limits
	checker  checker
	sessions *sessions
}

// planTarget sets what an executor would do about a target at this moment.
func (p planner) planTarget(ctx context.Context, t *Target) {
	found := p.check(ctx, t)
	state := stateText(t.CurrentState, t.ProviderState)
	switch found.seen {
	case ready:
		t.Already = true
		t.step(TargetSucceeded, fmt.Sprintf("nothing would be done: it is %s already", state))
	case unfinished:
		t.step(TargetWaiting, fmt.Sprintf("no call would be made: it is %s already; it would be polled", state))
	case callable:
		t.step(TargetPending, fmt.Sprintf("it is %s and would be %s", state, p.checker.operation.Verb.Done()))
	default:
		t.Refusal = found.refusal
		t.step(TargetFailed, found.refusal.Message)
	}
}

// check observes a target, and tries again what may pass, until ctx ends.
func (p planner) check(ctx context.Context, t *Target) finding {
	for failures := 1; ; failures++ {
		found, err := p.checkOnce(ctx, t)
		switch {
		case ctx.Err() != nil:
			return finding{seen: refused, refusal: errPlanTimeout()}
		case err == nil:
			return found
		}
		refusal := refusalOf(err)
		if observeFailure(t.State, refusal, failures, p.limits.Retries) != unreachable {
			return finding{seen: refused, refusal: refusal}
		}
		if !retry.Wait(ctx, discovery.Jittered(p.limits.retryPause(failures), 0.5)) { //nolint:mnd // Batches spread it enough.
			return finding{seen: refused, refusal: refusal}
		}
	}
}

func (p planner) checkOnce(ctx context.Context, t *Target) (finding, error) {
	session, err := p.sessions.session(ctx, t.Account, t.ScopeID)
	if err != nil {
		return finding{}, err
	}
	return p.checker.check(ctx, session, t)
}

// errPlanTimeout returns the refusal of a target that was not checked in the time of the
// caller.
func errPlanTimeout() *fault.Error {
	return fault.ForReason(fault.ReasonTimeout, "the time of the request was over before the cloud had answered",
		"Name fewer instances, or set a longer deadline.", nil).AsRetryable()
}
