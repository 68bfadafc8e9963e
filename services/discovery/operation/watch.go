package operation

import (
	"context"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// backLooks is how many looks in a row must show an instance where it came from,
// after it was seen to move, for the cloud to have given up.
const backLooks = 3

// watch looks until the cloud is seen to have ended what it was called for. Each
// state that it sees goes into the roll at once.
func (p *pursuit) watch(ctx context.Context) error {
	s, err := p.follow(ctx)
	if err != nil {
		return p.refuse(ctx, err)
	}
	p.looks++
	p.tries = 0
	if ended, err := p.endedBy(ctx, s); ended || err != nil {
		return err
	}
	verb, instance := p.operation.Verb, s.seen.Instance
	switch j := judge(verb, p.Kind, instance.State); {
	case j == alreadySo && !s.seen.Busy:
		return p.succeed(ctx, instance, "it is "+stateText(instance.State, instance.ProviderState))
	case j == alreadySo, j == onItsWay:
		p.moved, p.back = true, 0
	case p.moved:
		p.back++
	}
	if p.back >= backLooks {
		p.Refusal = fault.ForReason(fault.ReasonCloudFailed, "the cloud began and gave it up: it is "+stateText(instance.State, instance.ProviderState)+" again",
			"The cloud's console or log has the reason.", nil).AsRetryable()
		return p.end(ctx, TargetFailed, p.Refusal.Message)
	}
	return p.pause(ctx, p.between(), nil)
}

// between is the time to the next look: short at first, for most is over soon.
func (p *pursuit) between() time.Duration {
	wait := p.Limits.PollFirst
	for range min(p.looks-1, 20) { //nolint:mnd // More would overflow, and PollMost is less.
		wait += wait / 2
		if wait >= p.Limits.PollMost {
			return p.Limits.PollMost
		}
	}
	return wait
}

// endedBy ends the target when a look shows that nothing more will come of the
// call, and otherwise tells the roll what it shows.
func (p *pursuit) endedBy(ctx context.Context, s sighting[provider.Progress]) (bool, error) {
	progress := &s.seen
	if refusal := unseen(&progress.Finding); refusal != nil {
		refusal = fault.ForReason(fault.ReasonTerminated, "it is gone: it was deleted meanwhile", "The next sync takes it off the roll.", refusal)
		p.Refusal = refusal
		return true, p.end(ctx, TargetFailed, refusal.Message)
	}
	if err := p.tell(ctx, s, true); err != nil {
		return false, err
	}
	refusal := progress.Refusal
	switch {
	case refusal == nil && progress.Instance.State == provider.StateTerminated:
		refusal = fault.ForReason(fault.ReasonTerminated, "it was deleted for good meanwhile", "", nil)
	case refusal == nil && progress.Instance.State == provider.StateFailed && p.State == TargetWaiting:
		refusal = fault.ForReason(fault.ReasonCloudFailed, "it is broken: the cloud says "+progress.Instance.ProviderState, "The cloud's console or log has the reason.", nil)
	}
	if refusal == nil {
		return false, nil
	}
	p.Refusal = refusal
	return true, p.end(ctx, TargetFailed, refusal.Message)
}

// tell tells the roll what a look showed, when that is new to it, and stores it
// with the target.
func (p *pursuit) tell(ctx context.Context, s sighting[provider.Progress], store bool) error {
	before := p.stateKey()
	p.see(s.seen.Instance, s.time)
	if p.recorded != p.stateKey() {
		_, err := p.place.record(ctx, s.when, s.seen.Instance)
		if err == nil {
			p.recorded = p.stateKey()
		} else if !discovery.IsStale(err) && ctx.Err() == nil { // What is stale is looked at again soon.
			p.logger.Warn("could not tell the roll of an instance", "instance", p.Instance, "error", err)
		}
	}
	if !store || before == p.stateKey() {
		return nil
	}
	p.step(p.State, "it is "+stateText(p.CurrentState, p.ProviderState))
	return p.save(ctx)
}

// succeed ends a target that is where it should be, once the roll has it so too.
func (p *pursuit) succeed(ctx context.Context, instance *provider.Instance, text string) error {
	insisted, cancel := context.WithTimeout(ctx, p.Limits.Insist)
	defer cancel()
	for p.recorded != p.stateKey() {
		s, err := p.follow(insisted)
		if err == nil && s.seen.Evidence == provider.Found {
			instance = s.seen.Instance
			if !reached(p.operation.Verb, p.Kind, instance.State) {
				return nil // It moved on: it is watched again.
			}
			err = p.tell(insisted, s, false)
		}
		if p.recorded == p.stateKey() {
			break
		}
		if p.pause(insisted, p.Limits.PollFirst, nil) != nil || err != nil && insisted.Err() != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			p.Notes = append(p.Notes, "The roll could not be told; the next sync does.")
			break
		}
	}
	if p.operation.KeepStopped && p.operation.Verb == provider.Stop {
		err := discovery.Insist(ctx, func(ctx context.Context) error {
			return p.Operations.KeepStopped(ctx, p.claim, p.Target, autoRestart(p.Target, instance))
		})
		if err != nil {
			return err
		}
	}
	return p.end(ctx, TargetSucceeded, text)
}

// autoRestart returns when the cloud starts a stopped instance by itself; zero if it does not.
func autoRestart(t *Target, instance *provider.Instance) time.Time {
	if instance != nil && instance.Database != nil && !instance.Database.AutoRestartTime.IsZero() {
		return instance.Database.AutoRestartTime
	}
	if after := registry.SelfRestart(t.Provider, t.Kind); after > 0 {
		return time.Now().Add(after)
	}
	return time.Time{}
}
