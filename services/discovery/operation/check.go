package operation

import (
	"context"

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
		return finding{seen: refused, refusal: refusal}, nil
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
