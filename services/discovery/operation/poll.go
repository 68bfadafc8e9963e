package operation

import (
	"context"
	"fmt"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

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
		return finding{seen: refused, refusal: fault.ForReason(fault.ReasonTerminated, "it was deleted before the operation ended",
			"The next sync marks it as gone.", nil)}, nil
	}
	if r.record(ctx, read) {
		if err := r.save(ctx, t.State, "it is "+stateText(t.CurrentState, t.ProviderState)); err != nil {
			return finding{}, err
		}
	}
	if refusal := refusalOfProgress(t.State, progress); refusal != nil {
		return finding{seen: refused, refusal: refusal}, nil
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

// succeed ends a target in the wanted state. The inventory has the state first, if it can
// be reached. If the instance has left the state meanwhile, it is polled again.
func (r *targetRun) succeed(ctx context.Context, found finding) error {
	x, t := r.execution, r.target
	instance, moved, err := r.recordLast(ctx, found.instance)
	if err != nil || moved {
		return err
	}
	if x.operation.KeepStopped && x.operation.Verb == provider.Stop {
		err := discovery.Retry(ctx, func(ctx context.Context) error {
			return x.store.KeepStopped(ctx, x.claim, t, autoRestart(t, instance))
		})
		if err != nil {
			return err
		}
	}
	return r.end(ctx, TargetSucceeded, found)
}

// recordLast stores the last state of the instance in the inventory, for a while. It
// reports whether the instance has left the wanted state.
func (r *targetRun) recordLast(ctx context.Context, instance *provider.Instance) (last *provider.Instance, moved bool, err error) {
	x, t := r.execution, r.target
	limited, cancel := context.WithTimeout(ctx, x.limits.Report)
	defer cancel()
	for r.recorded != t.observed() {
		read, err := r.read(limited)
		if err == nil && read.value.Evidence == provider.Found {
			instance = read.value.Instance
			if observeState(x.operation.Verb, t.Kind, instance.State) != ready {
				return instance, true, nil
			}
			r.record(limited, read)
		}
		if r.recorded == t.observed() || r.pause(limited, x.limits.PollFirst, nil) == nil {
			continue
		}
		if ctx.Err() != nil {
			return instance, false, context.Cause(ctx)
		}
		t.Notes = append(t.Notes, "The inventory could not be updated; the next sync does that.")
		break
	}
	return instance, false, nil
}

// autoRestart returns when the cloud starts a stopped instance by itself; zero if it does
// not.
func autoRestart(t *Target, instance *provider.Instance) time.Time {
	if instance != nil && instance.Database != nil && !instance.Database.AutoRestartTime.IsZero() {
		return instance.Database.AutoRestartTime
	}
	if d, ok := registry.Find(cloud.Provider(t.Provider)); ok {
		if after := d.SelfRestart(cloud.Kind(t.Kind)); after > 0 {
			return time.Now().Add(after)
		}
	}
	return time.Time{}
}
