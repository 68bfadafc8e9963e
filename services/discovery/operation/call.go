package operation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// callGrace is how long a call may go on after its worker has to stop.
const callGrace = 3 * time.Second

// call stores that the one call is about to be made, and then makes it. Whatever happens
// to this worker, no other one makes a call before it has polled.
func (r *targetRun) call(ctx context.Context, instance *provider.Instance) (finding, error) {
	x, t := r.execution, r.target
	order := provider.Order{ScopeID: t.ScopeID, Verb: x.operation.Verb, Instance: *instance, Unit: t.Unit, Key: t.Key}
	before := t.State
	t.step(TargetCalled, describeCall(&order))
	t.Calls++
	err := discovery.Retry(ctx, func(ctx context.Context) error {
		return x.store.CallTarget(ctx, x.claim, t, targetEntry(x.operation, AuditCalled, t))
	})
	if fault.ReasonOf(err) == fault.ReasonOperationCancelled {
		t.State, t.Steps = before, t.Steps[:len(t.Steps)-1]
		t.Calls--
		return finding{seen: cancelled, refusal: errCancelled("it was cancelled before the cloud was called; nothing was done")}, nil
	}
	if err != nil {
		return finding{}, err
	}
	r.polls, r.movement = 0, movement{}
	return r.receive(ctx, r.makeCall(ctx, order))
}

// describeCall describes a call for people.
func describeCall(order *provider.Order) string {
	if order.Unit != "" {
		return fmt.Sprintf("the cloud is called to %s %s", order.Verb.Word(), order.Unit)
	}
	return fmt.Sprintf("the cloud is called to %s it", order.Verb.Word())
}

// makeCall makes the call. It goes on for a moment after ctx has ended, because polls have
// to replace an answer that is lost.
func (r *targetRun) makeCall(ctx context.Context, order provider.Order) provider.Receipt {
	calling, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.execution.limits.Call)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		timer := time.NewTimer(callGrace)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-calling.Done():
		}
	})()
	return r.session.operator.Act(calling, order, uncounted{})
}

// receive returns what the answer to the call means.
func (r *targetRun) receive(ctx context.Context, receipt provider.Receipt) (finding, error) {
	x, t := r.execution, r.target
	switch receipt.Effect {
	case provider.Taken:
		t.Reference, r.failures = receipt.Reference, 0
		seen := observeState(x.operation.Verb, t.Kind, receipt.State)
		r.movement.moved = seen == ready || seen == unfinished
		return finding{seen: taken, text: "the cloud took the call"}, nil
	case provider.InDoubt:
		t.Reference = receipt.Reference
		reason := "no reason given"
		if receipt.Refusal != nil {
			reason = receipt.Refusal.Message
		}
		// The next poll follows at once: no finding.
		return finding{}, r.save(ctx, TargetCalled, "the cloud did not answer ("+reason+"): it is polled before anything else is done")
	case provider.NotTaken:
	}
	if receipt.Unsent {
		t.Calls--
	}
	refusal := receipt.Refusal
	if refusal == nil {
		refusal = fault.ForReason(fault.ReasonCloudFailed, "the cloud did not take the call and gave no reason", "", nil)
	}
	x.logger.Info("call not taken", "instance", t.Instance, "reason", refusal.Reason, "error", refusal.Message, "cause", errors.Unwrap(refusal))
	r.failures++
	seen := observeNotTaken(refusal, receipt.Unsent, r.failures, t.Calls, x.limits.Retries)
	if seen == postponed {
		return finding{seen: seen, refusal: refusal}, nil
	}
	refusal = r.explain(ctx, refusal)
	if ctx.Err() != nil && !errors.Is(context.Cause(ctx), errOver) {
		return finding{}, context.Cause(ctx)
	}
	return finding{seen: seen, refusal: refusal}, nil
}

// explain polls once after a call that the cloud refused: the state of the instance may
// show why, and belongs in the inventory. It returns the better reason.
func (r *targetRun) explain(ctx context.Context, refusal *fault.Error) *fault.Error {
	read, err := r.read(ctx)
	if err != nil {
		return refusal
	}
	if read.value.Evidence == provider.Found {
		r.record(ctx, read)
	}
	if better := read.value.Refusal; better != nil && better.Reason == fault.ReasonTerminated {
		return better
	}
	return refusal
}
