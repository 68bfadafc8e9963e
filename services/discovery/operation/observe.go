package operation

import (
	"context"
	"fmt"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// finding is an observation with what was observed.
type finding struct {
	seen observation
	// refusal is set if the observation is not a good one.
	refusal *fault.Error
	// instance is set if it was observed.
	instance *provider.Instance
	// recorded reports whether the inventory has the instance as it was observed.
	recorded bool
	// text is the step that people read; "" for none.
	text string
}

// failed returns the finding of an error on the way to the cloud. Errors of Rollcall's
// own stores, and of ctx, are returned.
func failed(ctx context.Context, state TargetState, err error, failures, limit int) (finding, error) {
	if ctx.Err() != nil {
		return finding{}, context.Cause(ctx)
	}
	if _, ok := asRefused(err); !ok {
		return finding{}, err
	}
	refusal := refusalOf(err)
	return finding{seen: observeFailure(state, refusal, failures, limit), refusal: refusal, text: refusal.Message}, nil
}

// errOvertaken is the refusal of an instance that other observations overtook each time.
func errOvertaken() error {
	return refuse(fault.ForReason(fault.ReasonInternal, "newer observations of the instance arrived each time it was read", "Try again later.", nil).
		AsRetryable())
}

// checker observes instances before the call.
type checker struct {
	operation  *Operation
	protection Protection
	observer   observer
	retries    int
}

// check asks the cloud about the instance of a target, stores it in the inventory, and
// returns what it means. It updates the target, and returns an error for what could not be
// observed.
func (c checker) check(ctx context.Context, s *session, t *Target) (finding, error) {
	if refusal := checkWritable(&s.account, c.operation.Verb); refusal != nil {
		return finding{seen: refused, refusal: refusal}, nil //nolint:nilerr // A refusal is an observation.
	}
	for range c.retries {
		read, err := s.checks.ask(ctx, t.Wanted)
		if err != nil {
			return finding{}, err
		}
		assessment := &read.value
		if refusal := notShown(&assessment.Finding); refusal != nil {
			return finding{}, refuse(refusal)
		}
		t.observe(assessment.Instance, read.span.time)
		if t.FromState == "" {
			t.FromState = t.CurrentState
		}
		stored, err := s.record(ctx, read.span, assessment.Instance)
		if discovery.IsStale(err) {
			continue // A sync that began later is running.
		}
		switch {
		case err != nil && (t.Etag != "" || ctx.Err() != nil):
			return finding{}, refuse(refusalOf(err)) // The etag can't be compared without it.
		case err != nil:
			c.observer.logger.Warn("instance not recorded", "instance", t.Instance, "error", err)
			stored = &Stored{}
		}
		t.Notes, t.Unit = assessment.Notes, assessment.Unit
		found := c.decide(t, assessment, stored)
		found.recorded = err == nil
		return found, nil
	}
	return finding{}, errOvertaken()
}

// decide returns what an assessment means.
func (c checker) decide(t *Target, assessment *provider.Assessment, stored *Stored) finding {
	verb := c.operation.Verb
	refusal := c.protection.check(verb, assessment.Instance.Labels)
	if refusal == nil {
		refusal = checkEtag(t.Etag, stored.Etag)
	}
	if refusal != nil {
		return finding{seen: refused, refusal: refusal, instance: assessment.Instance}
	}
	seen, refusal := observeCheck(verb, t.Kind, assessment)
	return finding{seen: seen, refusal: refusal, instance: assessment.Instance}
}

// remedyConsole is the remedy if the cloud failed for a reason that its API does not
// return.
const remedyConsole = "Look in the cloud's console or log for the reason."

// pollOnce polls a call that was made or may have been made, and returns what that means.
// A state that is new is stored in the inventory at once.
func (r *targetRun) pollOnce(ctx context.Context) (finding, error) {
	read, err := r.read(ctx)
	if err != nil {
		return r.failed(ctx, err)
	}
	r.polls++
	t, progress := r.target, &read.value
	if notShown(&progress.Finding) != nil {
		deleted := fault.ForReason(fault.ReasonTerminated, "it was deleted before the operation ended",
			"The next sync marks it as gone.", nil)
		return finding{seen: refused, refusal: deleted}, nil //nolint:nilerr // A refusal is an observation.
	}
	if r.record(ctx, read) {
		if err := r.save(ctx, t.State, "it is "+stateText(t.CurrentState, t.ProviderState)); err != nil {
			return finding{}, err
		}
	}
	if refusal := refusalOfProgress(t.State, progress); refusal != nil {
		return finding{seen: refused, refusal: refusal}, nil //nolint:nilerr // A refusal is an observation.
	}
	seen := observeState(r.execution.operation.Verb, t.Kind, progress.Instance.State)
	if t.State == TargetCalled {
		return r.settle(progress, seen), nil
	}
	return r.await(progress, seen), nil
}

// refusalOfProgress returns why the call will come to nothing; nil if it may.
func refusalOfProgress(state TargetState, progress *provider.Progress) *fault.Error {
	switch {
	case progress.Refusal != nil:
		return progress.Refusal
	case progress.Instance.State == provider.StateTerminated:
		return fault.ForReason(fault.ReasonTerminated, "it was deleted permanently before the operation ended", "", nil)
	case progress.Instance.State == provider.StateFailed && state == TargetWaiting:
		return fault.ForReason(fault.ReasonCloudFailed, "the cloud reports it as failed: "+progress.Instance.ProviderState, remedyConsole, nil)
	}
	return nil
}

// settle returns whether the cloud took a call of which nobody knows: its worker died, or
// the cloud did not answer.
func (r *targetRun) settle(progress *provider.Progress, state observation) finding {
	x, t := r.execution, r.target
	if progress.Reference != "" {
		t.Reference = progress.Reference
	}
	text := stateText(progress.Instance.State, progress.Instance.ProviderState)
	seen := observeCall(callFacts{
		effect: progress.Effect, seen: state, age: time.Since(t.CallTime), doubt: x.limits.Doubt,
		polls: r.polls, calls: t.Calls, cancelled: x.cancelled.isSet(),
	})
	switch seen {
	case taken:
		r.movement.moved = state == ready || state == unfinished
		return finding{seen: seen, text: "the cloud has taken the call: it is " + text}
	case cancelled:
		return finding{seen: seen, refusal: errCancelled("it was cancelled; the cloud had not taken the call, and nothing was done")}
	case unprovable:
		return finding{seen: seen, refusal: errCancelled("it was cancelled after a call that has shown no effect").
			WithRemedy("Check the instance later.")}
	case refused:
		return finding{seen: seen, refusal: fault.ForReason(fault.ReasonUnreachable,
			fmt.Sprintf("the cloud was called %d times without an effect", t.Calls), "Try again later.", nil).AsRetryable()}
	}
	again := "the cloud shows no trace of the call: it is " + text + " as before, and it is called again"
	if r.session.operator.IdempotencyWindow(t.Kind) > 0 {
		again += ", with the same key"
	}
	return finding{seen: seen, text: again}
}

// await returns how far the instance is on its way to the wanted state.
func (r *targetRun) await(progress *provider.Progress, state observation) finding {
	r.failures = 0
	found := finding{seen: r.movement.observeWait(state, progress.Busy), instance: progress.Instance}
	text := stateText(progress.Instance.State, progress.Instance.ProviderState)
	switch found.seen {
	case ready:
		found.text = "it is " + text
	case refused:
		found.refusal = fault.ForReason(fault.ReasonCloudFailed, "the cloud began and gave up: it is "+text+" again", remedyConsole, nil).AsRetryable()
	}
	return found
}

// read asks the cloud once for the progress of the call.
func (r *targetRun) read(ctx context.Context) (observed[provider.Progress], error) {
	t := r.target
	read, err := r.session.polls.ask(ctx, provider.PlacedOrder{
		Order: provider.Order{
			ScopeID: t.ScopeID, Verb: r.execution.operation.Verb, Unit: t.Unit, Key: t.Key,
			Instance: provider.Instance{
				ProviderID: t.ProviderID, ProviderURI: t.ProviderURI, DisplayName: t.DisplayName, Zone: t.Zone, State: t.FromState,
			},
		},
		CallTime: t.CallTime, Reference: t.Reference,
	})
	if err == nil && read.value.Evidence == provider.Undecided {
		return read, refuse(notShown(&read.value.Finding))
	}
	return read, err
}

// record takes over what a poll has shown, and stores it in the inventory if that is new
// there. It reports whether the state of the instance has changed.
func (r *targetRun) record(ctx context.Context, read observed[provider.Progress]) (changed bool) {
	t := r.target
	before := t.observed()
	t.observe(read.value.Instance, read.span.time)
	if r.recorded != t.observed() {
		_, err := r.session.record(ctx, read.span, read.value.Instance)
		switch {
		case err == nil:
			r.recorded = t.observed()
		case !discovery.IsStale(err) && ctx.Err() == nil: // What is stale is polled again soon.
			r.execution.logger.Warn("instance not recorded", "instance", t.Instance, "error", err)
		}
	}
	return before != t.observed()
}
