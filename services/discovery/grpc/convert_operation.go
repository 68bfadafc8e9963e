package grpc

import (
	"fmt"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// longRunning is an operation with all its targets. One without an id is a plan.
func longRunning(o *operation.Operation) (*longrunningpb.Operation, error) {
	return watched(o, o.Targets)
}

// listed is an operation of a list: without targets, and without a result that
// would need them.
func listed(o *operation.Operation) (*longrunningpb.Operation, error) {
	metadata, err := anypb.New(metadataOf(o, nil))
	if err != nil {
		return nil, err
	}
	message := &longrunningpb.Operation{Name: operation.OperationName(o.ID), Metadata: metadata, Done: o.State == operation.OperationEnded}
	switch {
	case !message.GetDone():
		return message, nil
	case !o.Batch && o.Tally.Succeeded < o.Tally.Total:
		why := status.New(codes.Aborted, "it was not done; get the operation for why").Proto()
		message.Result = &longrunningpb.Operation_Error{Error: why}
		return message, err
	}
	var response proto.Message = &discoveryv1.LifecycleResponse{}
	if o.Batch {
		response = &discoveryv1.BatchLifecycleResponse{Progress: progressOf(&o.Tally)}
	}
	result, err := anypb.New(response)
	message.Result = &longrunningpb.Operation_Response{Response: result}
	return message, err
}

// watched is an operation of which only some targets are told in the metadata.
func watched(o *operation.Operation, told []*operation.Target) (*longrunningpb.Operation, error) {
	plan := o.ID == ""
	if plan { // It has ended: all there is to it is said.
		ended := *o
		ended.State, ended.Tally = operation.OperationEnded, tallyOf(o.Targets)
		o = &ended
	}
	metadata, err := anypb.New(metadataOf(o, told))
	if err != nil {
		return nil, err
	}
	message := &longrunningpb.Operation{Metadata: metadata, Done: plan || o.State == operation.OperationEnded}
	if !plan {
		message.Name = operation.OperationName(o.ID)
	}
	if !message.GetDone() {
		return message, nil
	}
	if !o.Batch && len(o.Targets) == 1 && o.Targets[0].Refusal != nil {
		message.Result = &longrunningpb.Operation_Error{Error: statusOf(o, o.Targets[0]).Proto()}
		return message, nil //nolint:nilerr // A refusal is what it came to.
	}
	result, err := anypb.New(resultOf(o, plan))
	message.Result = &longrunningpb.Operation_Response{Response: result}
	return message, err
}

// resultOf is what an operation came to, or a plan.
func resultOf(o *operation.Operation, plan bool) proto.Message {
	if !o.Batch && len(o.Targets) == 1 {
		return &discoveryv1.LifecycleResponse{Target: targetOf(o.Targets[0]), ValidateOnly: plan}
	}
	return &discoveryv1.BatchLifecycleResponse{
		Targets: targetsOf(o.Targets), Progress: progressOf(&o.Tally), ValidateOnly: plan,
		OldestObserveTime: timeOf(o.OldestObserveTime), Unreachable: o.Unreachable,
	}
}

// tallyOf counts the targets of a plan.
func tallyOf(targets []*operation.Target) operation.Tally {
	tally := operation.Tally{Total: len(targets)}
	for _, t := range targets {
		switch t.State {
		case operation.TargetFailed:
			tally.Failed++
		case operation.TargetSucceeded:
			tally.Succeeded++
			tally.Already++
		default:
			tally.Pending++
		}
	}
	return tally
}

func metadataOf(o *operation.Operation, told []*operation.Target) *discoveryv1.OperationMetadata {
	return &discoveryv1.OperationMetadata{
		Verb:        verbOf(o.Verb),
		State:       discoveryv1.OperationMetadata_State(discoveryv1.OperationMetadata_State_value[string(o.State)]),
		Requester:   requester(&o.Requester),
		Reason:      o.Reason,
		RequestId:   o.RequestID,
		Filter:      o.Filter,
		KeepStopped: o.KeepStopped,
		MaxParallel: int32(o.MaxParallel),
		CreateTime:  timeOf(o.CreateTime),
		StartTime:   timeOf(o.StartTime),
		EndTime:     timeOf(o.EndTime),
		Deadline:    timeOf(o.Deadline),
		CancelTime:  timeOf(o.CancelTime),
		Progress:    progressOf(&o.Tally),
		Targets:     targetsOf(told),
	}
}

func verbOf(v provider.Verb) discoveryv1.Verb {
	return discoveryv1.Verb(discoveryv1.Verb_value[string(v)])
}

func requester(r *operation.Requester) *discoveryv1.Requester {
	return &discoveryv1.Requester{
		User: r.User, Source: discoveryv1.Requester_Source(discoveryv1.Requester_Source_value[string(r.Source)]),
		Address: r.Address, UserAgent: r.UserAgent,
	}
}

func progressOf(t *operation.Tally) *discoveryv1.Progress {
	return &discoveryv1.Progress{
		Total: int32(t.Total), Pending: int32(t.Pending), Running: int32(t.Running), Succeeded: int32(t.Succeeded),
		Already: int32(t.Already), Failed: int32(t.Failed), Cancelled: int32(t.Cancelled), Unknown: int32(t.Unknown),
	}
}

func targetsOf(targets []*operation.Target) []*discoveryv1.Target {
	messages := make([]*discoveryv1.Target, len(targets))
	for n, t := range targets {
		messages[n] = targetOf(t)
	}
	return messages
}

func targetOf(t *operation.Target) *discoveryv1.Target {
	message := &discoveryv1.Target{
		Instance:      operation.InstanceName(t.Instance),
		Provider:      string(t.Provider),
		Kind:          string(t.Kind),
		Location:      t.Location,
		ProviderId:    t.ProviderID,
		DisplayName:   t.DisplayName,
		State:         discoveryv1.Target_State(discoveryv1.Target_State_value[string(t.State)]),
		Already:       t.Already,
		FromState:     string(t.FromState),
		CurrentState:  string(t.CurrentState),
		ProviderState: t.ProviderState,
		ObserveTime:   timeOf(t.ObserveTime),
		Refusal:       refusalOf(t.Refusal),
		Notes:         t.Notes,
		Calls:         int32(t.Calls),
	}
	if t.Account != "" {
		message.Account = accountPrefix + t.Account
	}
	for _, step := range t.Steps {
		message.Steps = append(message.Steps, &discoveryv1.Step{
			Time: timeOf(step.Time), State: discoveryv1.Target_State(discoveryv1.Target_State_value[string(step.State)]), Text: step.Text,
		})
		message.Summary = step.Text
	}
	return message
}

func refusalOf(r *fault.Error) *discoveryv1.Refusal {
	if r == nil {
		return nil
	}
	return &discoveryv1.Refusal{
		Reason:  commonv1.ErrorReason(commonv1.ErrorReason_value[string(r.Reason)]),
		Message: r.Message, Remedy: r.Remedy, Transient: r.Retryable,
	}
}

// codeOfRefusal is the code of an operation that failed (AIP-193).
var codeOfRefusal = map[fault.Reason]codes.Code{
	fault.ReasonInsufficientCapacity: codes.ResourceExhausted,
	fault.ReasonQuotaExceeded:        codes.ResourceExhausted,
	fault.ReasonThrottled:            codes.ResourceExhausted,
	fault.ReasonPermissionDenied:     codes.PermissionDenied,
	fault.ReasonCredentialsInvalid:   codes.FailedPrecondition,
	fault.ReasonNotFound:             codes.NotFound,
	fault.ReasonUnreachable:          codes.Unavailable,
	fault.ReasonOperationInProgress:  codes.Aborted,
	fault.ReasonEtagMismatch:         codes.Aborted,
	fault.ReasonCancelled:            codes.Canceled,
	fault.ReasonTimeout:              codes.DeadlineExceeded,
	fault.ReasonInternal:             codes.Internal,
	fault.ReasonCloudFailed:          codes.Aborted,
}

// statusOf is the error of an operation on one instance.
func statusOf(o *operation.Operation, t *operation.Target) *status.Status {
	code, ok := codeOfRefusal[t.Refusal.Reason]
	if !ok {
		code = codes.FailedPrecondition
	}
	text := fmt.Sprintf("%s was not %s: %s", operation.InstanceName(t.Instance), doneWord(o.Verb), t.Refusal.Message)
	if t.State == operation.TargetUnknown {
		text = fmt.Sprintf("%s: %s", operation.InstanceName(t.Instance), t.Refusal.Message)
	}
	s := status.New(code, text)
	with, err := s.WithDetails(&errdetails.ErrorInfo{
		Reason: string(t.Refusal.Reason), Domain: serve.ErrorDomain,
		Metadata: map[string]string{"name": operation.InstanceName(t.Instance), "state": string(t.State), "remedy": t.Refusal.Remedy},
	})
	if err != nil { // Only OK can't carry details.
		return s
	}
	return with
}

func doneWord(v provider.Verb) string {
	if v == provider.Start {
		return "started"
	}
	return "stopped"
}
