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

// pursuit is the work on one target. Each of its steps begins from what is
// stored and ends by storing where the target then is, so that another worker
// can go on from there.
type pursuit struct {
	*working
	*Target
	place *place
	// ended is closed when no more is done about the target here.
	ended chan struct{}
	// tries failed for the moment, in a row; looks came since the call.
	tries, looks int
	// said is why it was last tried again.
	said string
	// back counts looks in a row that showed it where it came from, after it had
	// been seen to move.
	back  int
	moved bool
	// recorded is the state that the roll was last told of.
	recorded string
}

// run works the target until it has ended, or limited has. ctx is without the
// operation's time limit.
func (p *pursuit) run(ctx, limited context.Context) {
	p.moved = p.State == TargetWaiting
	for !p.State.Ended() {
		if err := p.next(limited); err != nil {
			p.fail(ctx, err)
			return
		}
	}
}

// next does the next step.
func (p *pursuit) next(ctx context.Context) error {
	if p.place == nil {
		place, err := p.places.of(ctx, p.Account, p.ScopeID)
		if err != nil {
			return p.refuse(ctx, err)
		}
		p.place = place
	}
	switch p.State {
	case TargetPending, TargetChecking:
		return p.check(ctx)
	case TargetCalled:
		return p.settle(ctx)
	case TargetWaiting:
		return p.watch(ctx)
	case TargetSucceeded, TargetFailed, TargetCancelled, TargetUnknown:
	}
	return nil
}

// fail says why the work on a target has come to an end before the target has.
func (p *pursuit) fail(ctx context.Context, err error) {
	switch {
	case fault.ReasonOf(err) == discovery.ReasonOperationLost, ctx.Err() != nil:
		return // It is, or will be, another worker's.
	case errors.Is(err, errOver):
		state := TargetFailed
		if p.State == TargetCalled || p.State == TargetWaiting {
			state = TargetUnknown
		}
		p.Refusal = p.timedOut(p.operation.Verb)
		err = p.end(ctx, state, p.Refusal.Message)
	default:
		p.logger.Error("could not go on with an instance; it is tried again", "instance", p.Instance, "error", err)
		return // Not ended: the operation is queued again.
	}
	if err != nil {
		p.logger.Warn("could not store how an instance ended", "instance", p.Instance, "error", err)
	}
}

// save stores the target as it is, while the database is away for a moment too.
func (p *pursuit) save(ctx context.Context, entries ...AuditEntry) error {
	return discovery.Insist(ctx, func(ctx context.Context) error {
		return p.Operations.SaveTarget(ctx, p.claim, p.Target, entries...)
	})
}

// end ends the target.
func (p *pursuit) end(ctx context.Context, state TargetState, text string) error {
	before := p.State
	p.step(state, text)
	err := p.save(ctx, p.operation.entry(AuditEnded, p.Target))
	if err != nil { // It has not ended for anyone else.
		p.State, p.Steps = before, p.Steps[:len(p.Steps)-1]
	}
	return err
}

// refuse ends the target for what can't be helped, and has it tried again for
// what may pass. Where a call may be out, what may pass is waited for until the
// operation's time is over.
func (p *pursuit) refuse(ctx context.Context, err error) error {
	ended, ok := errors.AsType[*refusedError](err)
	if !ok {
		return err
	}
	refusal := ended.refusal
	called := p.State == TargetCalled || p.State == TargetWaiting
	p.tries++
	if called || retryable(refusal) && (refusal.Reason == fault.ReasonThrottled || p.tries < p.Limits.Retries) {
		p.logger.Info("tries again", "instance", p.Instance, "reason", refusal.Reason, "error", refusal.Message, "cause", errors.Unwrap(refusal))
		return p.retry(ctx, refusal, called)
	}
	p.Refusal = refusal
	return p.end(ctx, TargetFailed, refusal.Message)
}

// retry waits before the next try.
func (p *pursuit) retry(ctx context.Context, refusal *fault.Error, called bool) error {
	text := refusal.Message + "; it is tried again"
	if p.said != text { // Once is enough for people.
		p.said = text
		p.step(p.State, text)
	}
	if err := p.save(ctx); err != nil {
		return err
	}
	wake := p.cancelled
	if called {
		wake = nil
	}
	wait := min(p.Limits.RetryFirst<<min(p.tries-1, 10), 30*time.Second) //nolint:mnd // Long enough for a bucket to fill.
	return p.pause(ctx, discovery.Jittered(wait, 0.5), wake)             //nolint:mnd // Batching spreads it enough.
}

// cancelNow ends a target of which no call is out.
func (p *pursuit) cancelNow(ctx context.Context) error {
	p.Refusal = fault.ForReason(fault.ReasonCancelled, "it was cancelled before the cloud was called; nothing was done", "", nil)
	return p.end(ctx, TargetCancelled, p.Refusal.Message)
}

// check looks at the instance and decides.
func (p *pursuit) check(ctx context.Context) error {
	if p.isCancelled() {
		return p.cancelNow(ctx)
	}
	if refusal := readOnly(&p.place.account, p.operation.Verb); refusal != nil {
		return p.refuse(ctx, refused(refusal))
	}
	if p.State == TargetPending {
		p.step(TargetChecking, "asks the cloud how it is")
		if err := p.save(ctx); err != nil {
			return err
		}
	}
	assessment, held, err := p.assess(ctx)
	if err != nil {
		return p.refuse(ctx, err)
	}
	p.Notes, p.Unit = assessment.Notes, assessment.Unit
	verdict, refusal := p.decide(assessment, held)
	switch {
	case refusal != nil:
		p.Refusal = refusal
		return p.end(ctx, TargetFailed, refusal.Message)
	case verdict == alreadySo:
		p.Already = true
		return p.succeed(ctx, assessment.Instance, "it was "+stateText(p.CurrentState, p.ProviderState)+" already; nothing was done")
	case verdict == onItsWay:
		p.step(TargetWaiting, "it is "+stateText(p.CurrentState, p.ProviderState)+" already; nothing was done, it is watched")
		p.moved = true
		return p.save(ctx)
	}
	if lead, err := p.lead(ctx); err != nil || !lead {
		return err
	}
	return p.call(ctx, assessment.Instance)
}

// decide is what to do about an instance as the cloud shows it.
func (p *pursuit) decide(assessment provider.Assessment, held *Held) (judgement, *fault.Error) {
	verb := p.operation.Verb
	refusal := p.Protection.check(verb, assessment.Instance.Labels)
	if refusal == nil && p.Etag != "" && held != nil && held.Etag != p.Etag {
		refusal = etagMismatch(p.Etag, held.Etag)
	}
	if refusal != nil {
		return notNow, refusal
	}
	return judgeAssessment(verb, p.Kind, assessment)
}

// judgeAssessment is what to do by the state, and by what the cloud's own rules
// say.
func judgeAssessment(verb provider.Verb, kind provider.Kind, assessment provider.Assessment) (judgement, *fault.Error) {
	state := assessment.Instance.State
	verdict := judge(verb, kind, state)
	switch {
	case verdict == alreadySo, verdict == onItsWay:
		return verdict, nil
	case assessment.Obstacle != nil:
		return notNow, assessment.Obstacle
	case verdict == notNow:
		return notNow, wrongState(verb, state, assessment.Instance.ProviderState)
	}
	return verdict, nil
}

func etagMismatch(wanted, found string) *fault.Error {
	return fault.ForReason(fault.ReasonEtagMismatch, fmt.Sprintf("it has changed since it was read with the etag %s; it is %s now", wanted, found),
		"Read it again, and decide anew.", nil)
}

// assess looks at the instance before the call, and takes what it sees into the
// roll.
func (p *pursuit) assess(ctx context.Context) (provider.Assessment, *Held, error) {
	for range p.Limits.Retries {
		s, err := p.place.checks.ask(ctx, p.Wanted)
		if err != nil {
			return provider.Assessment{}, nil, err
		}
		if refusal := unseen(&s.seen.Finding); refusal != nil {
			return s.seen, nil, refused(refusal)
		}
		p.see(s.seen.Instance, s.time)
		if p.FromState == "" {
			p.FromState = p.CurrentState
		}
		held, err := p.place.record(ctx, s.when, s.seen.Instance)
		if discovery.IsStale(err) {
			continue // A reading that began later is under way: look again.
		}
		if err == nil {
			p.recorded = p.stateKey()
		}
		if err != nil && p.Etag == "" && ctx.Err() == nil {
			p.logger.Warn("could not tell the roll of an instance", "instance", p.Instance, "error", err)
			err = nil
		}
		if err != nil {
			err = refused(asRefusal(err))
		}
		return s.seen, held, err
	}
	return provider.Assessment{}, nil, refused(fault.ForReason(fault.ReasonInternal, "the roll was read anew each time it was looked at", "Ask again in a while.", nil).AsRetryable())
}

// unseen is the refusal when a look did not show the instance.
func unseen(finding *provider.Finding) *fault.Error {
	switch finding.Evidence {
	case provider.NotFound, provider.Unlisted:
		return fault.ForReason(fault.ReasonNotFound, "the cloud has no such instance any more", "The next sync takes it off the roll.", nil)
	case provider.Undecided:
		if finding.Failure != nil {
			return provider.ActionFault(finding.Failure)
		}
	case provider.Found:
		if finding.Instance != nil {
			return nil
		}
	}
	return fault.ForReason(fault.ReasonUnreachable, "the cloud gave no answer that tells", "", nil).AsRetryable()
}

// see takes over what a look showed.
func (p *pursuit) see(instance *provider.Instance, at time.Time) {
	p.CurrentState, p.ProviderState, p.ObserveTime = instance.State, instance.ProviderState, at
}

func (p *pursuit) stateKey() string { return string(p.CurrentState) + " " + p.ProviderState }

// lead tells whether the call is to be made for this target. One of a larger
// thing that another target of the operation stands for shares what comes of
// that one's call.
func (p *pursuit) lead(ctx context.Context) (bool, error) {
	if p.Unit == "" {
		return true, nil
	}
	p.mu.Lock()
	leader := p.leaders[p.Unit]
	if leader == nil {
		p.leaders[p.Unit] = p
	}
	p.mu.Unlock()
	if leader == nil || leader == p {
		p.Exclusive = p.Unit
		err := p.save(ctx)
		if fault.ReasonOf(err) != fault.ReasonOperationInProgress {
			return err == nil, err
		}
		p.Exclusive = p.Instance
		p.Refusal = fault.ForReason(fault.ReasonOperationInProgress, err.Error(), "Wait for that operation to end.", err).AsRetryable()
		return false, p.end(ctx, TargetFailed, p.Refusal.Message)
	}
	p.step(p.State, "goes with the call for "+InstanceName(leader.Instance))
	if err := p.save(ctx); err != nil {
		return false, err
	}
	select {
	case <-ctx.Done():
		return false, context.Cause(ctx)
	case <-leader.ended:
	}
	switch {
	case leader.State == TargetSucceeded:
		p.step(TargetWaiting, "the call was made for "+InstanceName(leader.Instance))
		return false, p.save(ctx)
	case !leader.State.Ended():
		return false, errLeaderless
	}
	p.Refusal = leader.Refusal
	return false, p.end(ctx, leader.State, "as "+InstanceName(leader.Instance)+", with which it goes")
}

// errLeaderless gives a target up for now, as the one that it goes with was.
var errLeaderless = errors.New("the target that it goes with was given up for now")
