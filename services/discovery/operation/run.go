package operation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// targetRun is the work on one target. Each step begins with what is stored and ends by
// storing the new state, so that another worker can continue from there.
type targetRun struct {
	execution *execution
	target    *Target
	// session is nil until the account is signed in to.
	session *session
	// ended is closed when this worker has ended its work on the target.
	ended chan struct{}
	// failures counts failed tries in a row, polls the polls since the call.
	failures, polls int
	movement        movement
	// reason is why the last try was repeated.
	reason string
	// recorded is the state that was last stored in the inventory.
	recorded string
}

func newTargetRun(x *execution, t *Target) *targetRun {
	return &targetRun{execution: x, target: t, ended: make(chan struct{}), movement: movement{moved: t.State == TargetWaiting}}
}

// run works on the target until it has ended, or the context has. limited is ctx with the
// time limit of the operation.
func (r *targetRun) run(ctx, limited context.Context) {
	for !r.target.State.Ended() {
		err := r.step(limited)
		if err == nil {
			continue
		}
		if isLost(err) || ctx.Err() != nil {
			return // Another worker continues.
		}
		if errors.Is(context.Cause(limited), errOver) {
			err = r.act(ctx, finding{seen: expired, refusal: errTimeout(r.target, r.execution.operation.Verb)})
		}
		if err != nil { // The operation is queued again.
			r.execution.logger.Error("target released", "instance", r.target.Instance, "error", err)
			return
		}
	}
}

// step observes the target, and acts on that.
func (r *targetRun) step(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	found, err := r.observe(ctx)
	if err != nil {
		return err
	}
	return r.act(ctx, found)
}

// observe finds out about the target what its state asks for.
func (r *targetRun) observe(ctx context.Context) (finding, error) {
	x, t := r.execution, r.target
	if !t.State.MayBeCalled() && x.cancelled.isSet() {
		return finding{seen: cancelled, refusal: errCancelled("it was cancelled before the cloud was called; nothing was done")}, nil
	}
	if r.session == nil {
		session, err := x.sessions.session(ctx, t.Account, t.ScopeID)
		if err != nil {
			return r.failed(ctx, err)
		}
		r.session = session
	}
	switch t.State {
	case TargetPending:
		return finding{seen: admitted, text: "the cloud is asked about it"}, nil
	case TargetChecking:
		found, err := x.checker.check(ctx, r.session, t)
		if err != nil {
			return r.failed(ctx, err)
		}
		if found.recorded {
			r.recorded = t.observed()
		}
		return r.describeCheck(found), nil
	default:
		return r.pollOnce(ctx)
	}
}

// failed returns the finding of an error on the way to the cloud.
func (r *targetRun) failed(ctx context.Context, err error) (finding, error) {
	r.failures++
	return failed(ctx, r.target.State, err, r.failures, r.execution.limits.Retries)
}

// describeCheck adds the step that people read.
func (r *targetRun) describeCheck(found finding) finding {
	state := stateText(r.target.CurrentState, r.target.ProviderState)
	switch found.seen {
	case ready:
		r.target.Already = true
		found.text = fmt.Sprintf("it was %s already; nothing was done", state)
	case unfinished:
		r.movement.moved = true
		found.text = fmt.Sprintf("it is %s already; no call is made, and it is polled", state)
	}
	return found
}

// act does what the table says about a finding.
func (r *targetRun) act(ctx context.Context, found finding) error {
	switch next := nextAction(r.target.State, found.seen); next {
	case check:
		return r.save(ctx, TargetChecking, found.text)
	case repeat:
		return r.retry(ctx, found.refusal)
	case backOff:
		r.target.State = TargetChecking // The call had no effect: another worker may begin again.
		return r.retry(ctx, found.refusal)
	case call:
		return r.callAndAct(ctx, found.instance)
	case watch:
		return r.save(ctx, TargetWaiting, found.text)
	case poll:
		return r.pause(ctx, r.execution.limits.pollPause(r.polls), nil)
	case succeed:
		return r.succeed(ctx, found)
	case fail:
		return r.end(ctx, TargetFailed, found)
	case cancel:
		return r.end(ctx, TargetCancelled, found)
	case giveUp:
		return r.end(ctx, TargetUnknown, found)
	case none:
		return nil
	default:
		return fmt.Errorf("%s in state %s was observed as %q, for which there is no action", InstanceName(r.target.Instance), r.target.State, found.seen)
	}
}

// callAndAct makes the call, unless that for another target covers it, and acts on what
// comes of it.
func (r *targetRun) callAndAct(ctx context.Context, instance *provider.Instance) error {
	found, leads, err := r.execution.units.join(ctx, r)
	if err == nil && leads {
		found, err = r.call(ctx, instance)
	}
	if err != nil || found.seen == "" {
		return err
	}
	return r.act(ctx, found)
}

// save stores the target in a state, with a step. The database may be away for a moment.
func (r *targetRun) save(ctx context.Context, state TargetState, text string) error {
	r.target.step(state, text)
	return r.store(ctx)
}

// store stores the target as it is. What was found out is stored also if ctx has ended just
// now, because the worker has to stop or the time of the operation is over.
func (r *targetRun) store(ctx context.Context, entries ...AuditEntry) error {
	x := r.execution
	if ctx.Err() != nil {
		lasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), discovery.ReportLimit)
		defer cancel()
		ctx = lasting
	}
	return discovery.Retry(ctx, func(ctx context.Context) error {
		return x.store.SaveTarget(ctx, x.claim, r.target, entries...)
	})
}

// retry stores why the last try failed, and waits before the next one.
func (r *targetRun) retry(ctx context.Context, refusal *fault.Error) error {
	x, t := r.execution, r.target
	x.logger.Info("target retried", "instance", t.Instance, "reason", refusal.Reason, "error", refusal.Message, "cause", errors.Unwrap(refusal))
	if r.reason != refusal.Message { // Once is enough for people.
		r.reason = refusal.Message
		t.step(t.State, refusal.Message+"; it is tried again")
	}
	if err := r.store(ctx); err != nil {
		return err
	}
	wake := x.cancelled.done
	if t.State.MayBeCalled() {
		wake = nil
	}
	return r.pause(ctx, discovery.Jittered(x.limits.retryPause(r.failures), 0.5), wake) //nolint:mnd // Batches spread it enough.
}

// pause waits for a while, for ctx, or for wake.
func (r *targetRun) pause(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
	case <-wake:
	}
	return nil
}

// end stores the last state of the target.
func (r *targetRun) end(ctx context.Context, state TargetState, found finding) error {
	t := r.target
	text := found.text
	if found.refusal != nil {
		t.Refusal = found.refusal
		if text == "" {
			text = found.refusal.Message
		}
	}
	before := t.State
	t.step(state, text)
	err := r.store(ctx, targetEntry(r.execution.operation, AuditEnded, t))
	if err != nil { // It has not ended in the store.
		t.State, t.Steps = before, t.Steps[:len(t.Steps)-1]
	}
	return err
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
	if d, ok := registry.Find(t.Provider); ok {
		if after := d.SelfRestart(t.Kind); after > 0 {
			return time.Now().Add(after)
		}
	}
	return time.Time{}
}
