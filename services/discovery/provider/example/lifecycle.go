package example

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Check looks at instances before a start or stop. Nothing in this cloud prevents one.
func (s *session) Check(
	ctx context.Context, scope provider.ScopeID, _ provider.Verb, wanted []provider.Wanted, calls provider.Calls,
) ([]provider.Assessment, error) {
	findings, err := s.Probe(ctx, scope, wanted, calls)
	assessments := make([]provider.Assessment, len(findings))
	for i, finding := range findings {
		assessments[i].Finding = finding
	}
	return assessments, err
}

// Act makes the one call that starts or stops an instance.
func (s *session) Act(ctx context.Context, order provider.Order, calls provider.Calls) provider.Receipt {
	body, err := json.Marshal(map[string]string{"key": order.Key})
	if err != nil {
		return provider.Receipt{Effect: provider.NotTaken, Unsent: true, Refusal: fault.ForReason(fault.ReasonInternal, err.Error(), "", err)}
	}
	var answer struct{ Job, State string }
	path := paths[order.Kind] + "/" + order.Instance.ProviderID + ":" + order.Verb.Word()
	err = s.call(ctx, calls, http.MethodPost, s.target(path, nil), body, &answer)
	if err == nil {
		return provider.Receipt{Effect: provider.Taken, Reference: answer.Job, State: states[answer.State], ProviderState: answer.State}
	}
	effect, refusal := refusalOf(order.Verb, err)
	_, unsent := errors.AsType[*fault.Error](err) // the rate limit's
	return provider.Receipt{Effect: effect, Unsent: unsent, Refusal: refusal}
}

// refusals are the answers by which the cloud does not accept a call.
var refusals = map[string]struct {
	reason    fault.Reason
	problem   string
	remedy    string
	retryable bool
}{
	"denied":      {fault.ReasonPermissionDenied, "the API key lacks the permission", "Give the key the permission to start and stop.", false},
	"invalid_key": {fault.ReasonCredentialsInvalid, "the cloud does not accept the API key", "Set a valid API key.", false},
	"expired_key": {fault.ReasonCredentialsInvalid, "the API key has expired", "Set a new API key.", false},
	"throttled":   {fault.ReasonThrottled, "the cloud throttled the call", "Try again soon.", true},
	"no_capacity": {fault.ReasonInsufficientCapacity, "the cloud has no capacity left in the location", "Try again later.", true},
	"no_quota":    {fault.ReasonQuotaExceeded, "the quota of the account is used up", "Ask the cloud for a larger quota.", false},
	"wrong_state": {fault.ReasonInvalidState, "its state does not allow it", "Wait for the state to change.", false},
	"not_found":   {fault.ReasonNotFound, "it does not exist", "The next sync marks it as gone.", false},
}

// refusalOf returns what is known of a call that failed.
func refusalOf(verb provider.Verb, err error) (provider.Effect, *fault.Error) {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return provider.NotTaken, f
	}
	answer, _ := errors.AsType[*statusError](err)
	if answer != nil {
		if r, ok := refusals[answer.code]; ok {
			refusal := fault.ForReason(r.reason, "can't "+verb.Word()+": "+r.problem, r.remedy, err)
			refusal.Retryable = r.retryable
			return provider.NotTaken, refusal
		}
	}
	return provider.InDoubt, fault.ForReason(fault.ReasonUnreachable, "the cloud did not answer, or had an error of its own",
		"Rollcall follows the instance to see whether the call was accepted.", err).AsRetryable()
}

// Follow looks at instances after a call. The key of the last job shows whose it is.
func (s *session) Follow(
	ctx context.Context, scope provider.ScopeID, orders []provider.PlacedOrder, calls provider.Calls,
) ([]provider.Progress, error) {
	wanted := make([]provider.Wanted, len(orders))
	for i := range orders {
		wanted[i].ProviderID = orders[i].Instance.ProviderID
	}
	findings, err := s.find(ctx, scope, wanted, calls)
	progress := make([]provider.Progress, len(findings))
	for i, f := range findings {
		progress[i] = provider.Progress{Finding: f.Finding, Effect: provider.InDoubt}
		switch {
		case f.Evidence == provider.NotFound:
			progress[i].Refusal = fault.ForReason(fault.ReasonTerminated, "it was deleted", "The next sync marks it as gone.", nil)
		case f.job.Key == orders[i].Key && f.job.Key != "":
			progress[i].Effect, progress[i].Reference, progress[i].Busy = provider.Taken, f.job.ID, !f.job.Done
			if f.job.Error != "" {
				progress[i].Refusal = fault.ForReason(fault.ReasonCloudFailed, "the cloud could not do it: "+f.job.Error,
					"Look at the console of the cloud.", nil)
				progress[i].Refusal.Retryable = false
			}
		}
	}
	return progress, err
}

// Locate looks for an instance by its id or URI.
func (s *session) Locate(ctx context.Context, hint provider.Hint, calls provider.Calls) (*provider.Located, error) {
	var r resource
	id := idOf(hint.ProviderID)
	err := s.call(ctx, calls, http.MethodGet, s.target("resources/"+id, nil), nil, &r)
	if answer, ok := errors.AsType[*statusError](err); ok && answer.status == http.StatusNotFound {
		return nil, nil
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, faultOf(id, err)
	}
	scope := provider.ScopeID{Kind: cloud.VirtualMachine, Location: r.Zone}
	if r.Kind == paths[cloud.Database] {
		scope = provider.ScopeID{Kind: cloud.Database, Location: r.Region}
	}
	if hint.Kind != "" && hint.Kind != scope.Kind || hint.Location != "" && hint.Location != scope.Location || !s.wants(r.Region) {
		return nil, nil
	}
	return &provider.Located{ScopeID: scope, Instance: s.instance(&r)}, nil
}

// IdempotencyWindow returns 0: the cloud knows the key of the last job only.
func (s *session) IdempotencyWindow(cloud.Kind) time.Duration { return 0 }
