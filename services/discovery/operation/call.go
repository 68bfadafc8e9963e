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

const (
	// doubtLooks is how many looks at least must show an instance unchanged before
	// a call is taken not to have reached the cloud.
	doubtLooks = 3
	// maxCalls is how many calls are made for one target at the most, each but the
	// first because the one before was not taken.
	maxCalls = 8
	// lastWords is how long a call may go on after its worker was told to stop.
	lastWords = 3 * time.Second
)

// call makes the one call. That it will be made is stored before, so that
// whatever happens to this worker, none makes another without looking first.
func (p *pursuit) call(ctx context.Context, instance *provider.Instance) error {
	order := provider.Order{ScopeID: p.ScopeID, Verb: p.operation.Verb, Instance: *instance, Unit: p.Unit, Key: p.Key}
	p.step(TargetCalled, p.place.describe(order))
	p.Calls++
	err := discovery.Insist(ctx, func(ctx context.Context) error {
		return p.Operations.CallTarget(ctx, p.claim, p.Target, p.operation.entry(AuditCalled, p.Target))
	})
	if fault.ReasonOf(err) == discovery.ReasonCancelled {
		p.Calls--
		p.Steps = p.Steps[:len(p.Steps)-1]
		return p.cancelNow(ctx)
	}
	if err != nil {
		return err
	}
	p.looks, p.moved, p.back = 0, false, 0
	receipt := p.act(ctx, order)
	switch receipt.Effect {
	case provider.Taken:
		p.Reference, p.tries = receipt.Reference, 0
		p.step(TargetWaiting, "the cloud took the call")
		p.moved = moved(p.operation.Verb, p.Kind, receipt.State)
		return p.save(ctx)
	case provider.InDoubt:
		p.Reference = receipt.Reference
		p.step(TargetCalled, "the cloud did not answer ("+textOfRefusal(receipt.Refusal)+"): it is looked at before anything else is done")
		return p.save(ctx)
	case provider.NotTaken:
	}
	if receipt.Unsent {
		p.Calls--
	}
	return p.notTaken(ctx, receipt.Refusal, receipt.Unsent)
}

// describe says what a call does, for people.
func (p *place) describe(order provider.Order) string {
	if order.Unit != "" {
		return fmt.Sprintf("calls the cloud to %s %s", order.Verb.Word(), order.Unit)
	}
	return fmt.Sprintf("calls the cloud to %s it", order.Verb.Word())
}

func textOfRefusal(r *fault.Error) string {
	if r == nil {
		return "no reason given"
	}
	return r.Message
}

// act makes the call. It goes on for a moment after ctx has ended, for an answer
// that is lost has to be made up for by looking.
func (p *pursuit) act(ctx context.Context, order provider.Order) provider.Receipt {
	calling, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.Limits.Call)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		timer := time.NewTimer(lastWords)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-calling.Done():
		}
	})()
	return p.place.Act(calling, order, p.place)
}

// notTaken goes on after a call that the cloud said it did not take.
func (p *pursuit) notTaken(ctx context.Context, refusal *fault.Error, unsent bool) error {
	if refusal == nil {
		refusal = fault.ForReason(fault.ReasonCloudFailed, "the cloud did not take the call, and gave no reason", "", nil)
	}
	p.logger.Info("a call was not taken", "instance", p.Instance, "reason", refusal.Reason, "error", refusal.Message, "cause", errors.Unwrap(refusal))
	p.tries++
	// What waits for its turn, in the cloud's budget or in ours, waits for as long
	// as the operation has. Anything else is tried a few times; some more when it
	// never left.
	tries := p.Limits.Retries
	if unsent {
		tries *= 5 //nolint:mnd // Nobody was bothered by it.
	}
	if retryable(refusal) && (refusal.Reason == fault.ReasonThrottled || p.tries < tries && p.Calls < maxCalls) {
		p.State = TargetChecking // It had no effect: whoever takes it from here may begin anew.
		return p.retry(ctx, refusal, false)
	}
	// Why it was refused may show in its state, which the roll should have.
	if s, err := p.follow(ctx); err == nil {
		if s.seen.Evidence == provider.Found {
			_ = p.tell(ctx, s, false)
		}
		if gone := s.seen.Refusal; gone != nil && gone.Reason == fault.ReasonTerminated {
			refusal = gone // It was deleted meanwhile: that says more than its state.
		}
	}
	if ctx.Err() != nil && !errors.Is(context.Cause(ctx), errOver) {
		return context.Cause(ctx)
	}
	p.Refusal = refusal
	return p.end(context.WithoutCancel(ctx), TargetFailed, refusal.Message)
}

// settle finds out whether a call was taken of which nobody knows: its worker
// died, or the cloud did not answer. No other call is made before that.
func (p *pursuit) settle(ctx context.Context) error {
	s, err := p.follow(ctx)
	if err != nil {
		return p.refuse(ctx, err)
	}
	p.looks++
	progress := &s.seen
	if ended, err := p.endedBy(ctx, s); ended || err != nil {
		return err
	}
	if progress.Reference != "" {
		p.Reference = progress.Reference
	}
	verb, state := p.operation.Verb, progress.Instance.State
	switch {
	case progress.Effect == provider.Taken, moved(verb, p.Kind, state):
		p.moved = moved(verb, p.Kind, state)
		p.step(TargetWaiting, "the cloud is seen to have taken the call: it is "+stateText(state, progress.Instance.ProviderState))
		return p.save(ctx)
	case progress.Effect != provider.NotTaken && (p.looks < doubtLooks || time.Since(p.CallTime) < p.Limits.Doubt):
		return p.pause(ctx, p.between(), nil)
	case p.isCancelled():
		return p.cancelInDoubt(ctx, progress.Effect == provider.NotTaken)
	case p.Calls >= maxCalls:
		p.Refusal = fault.ForReason(fault.ReasonUnreachable, fmt.Sprintf("the cloud was called %d times, and shows no effect", p.Calls), "Ask again in a while.", nil).AsRetryable()
		return p.end(ctx, TargetFailed, p.Refusal.Message)
	}
	text := "the cloud shows no trace of the call: it is " + stateText(state, progress.Instance.ProviderState) + " as before; it is called again"
	if memory := p.place.Remembers(p.Kind); memory > 0 {
		text += ", with the same key"
	}
	p.step(TargetChecking, text)
	return p.save(ctx)
}

// cancelInDoubt ends a target that was called and that the cloud shows no effect
// of.
func (p *pursuit) cancelInDoubt(ctx context.Context, proven bool) error {
	if proven {
		p.Refusal = fault.ForReason(fault.ReasonCancelled, "it was cancelled; the call had not been taken, nothing was done", "", nil)
		return p.end(ctx, TargetCancelled, p.Refusal.Message)
	}
	p.Refusal = fault.ForReason(fault.ReasonCancelled, "it was cancelled after a call of which the cloud shows no effect", "Look at the instance in a while.", nil)
	return p.end(ctx, TargetUnknown, p.Refusal.Message)
}

// follow looks once at how the call goes.
func (p *pursuit) follow(ctx context.Context) (sighting[provider.Progress], error) {
	s, err := p.place.follows.ask(ctx, provider.Pursuit{
		Order: provider.Order{
			ScopeID: p.ScopeID, Verb: p.operation.Verb, Unit: p.Unit, Key: p.Key,
			Instance: provider.Instance{
				ProviderID: p.ProviderID, ProviderURI: p.ProviderURI, DisplayName: p.DisplayName, Zone: p.Zone,
				State: p.FromState,
			},
		},
		CallTime: p.CallTime, Reference: p.Reference,
	})
	if err == nil && s.seen.Evidence == provider.Undecided {
		return s, refused(unseen(&s.seen.Finding))
	}
	return s, err
}
