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

// operationMessage returns an operation with all its targets. One without an id is a plan.
func operationMessage(o *operation.Operation) (*longrunningpb.Operation, error) {
	return watchedOperation(o, o.Targets)
}

// listedOperation returns an operation of a list: without targets, and without a result that
// would need them.
func listedOperation(o *operation.Operation) (*longrunningpb.Operation, error) {
	metadata, err := anypb.New(metadataOf(o, nil))
	if err != nil {
		return nil, err
	}
	message := &longrunningpb.Operation{Name: operation.Name(o.ID), Metadata: metadata, Done: o.State == operation.StateEnded}
	switch {
	case !message.GetDone():
		return message, nil
	case !o.Batch && o.Tally.Succeeded < o.Tally.Total:
		why := status.New(codes.Aborted, "the operation failed; get it for the reason").Proto()
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

// watchedOperation returns an operation whose metadata has only the targets that changed.
func watchedOperation(o *operation.Operation, changed []*operation.Target) (*longrunningpb.Operation, error) {
	plan := o.ID == ""
	if plan { // A plan has ended: it is complete.
		ended := *o
		ended.State, ended.Tally = operation.StateEnded, tallyOf(o.Targets)
		o = &ended
	}
	metadata, err := anypb.New(metadataOf(o, changed))
	if err != nil {
		return nil, err
	}
	message := &longrunningpb.Operation{Metadata: metadata, Done: plan || o.State == operation.StateEnded}
	if !plan {
		message.Name = operation.Name(o.ID)
	}
	if !message.GetDone() {
		return message, nil
	}
	if !o.Batch && len(o.Targets) == 1 && o.Targets[0].Refusal != nil {
		message.Result = &longrunningpb.Operation_Error{Error: statusOf(o, o.Targets[0]).Proto()}
		return message, nil //nolint:nilerr // The refusal is the result.
	}
	result, err := anypb.New(resultOf(o, plan))
	message.Result = &longrunningpb.Operation_Response{Response: result}
	return message, err
}

// resultOf returns the result of an operation, or a plan.
func resultOf(o *operation.Operation, plan bool) proto.Message {
	if !o.Batch && len(o.Targets) == 1 {
		return &discoveryv1.LifecycleResponse{Target: targetOf(o.Targets[0]), ValidateOnly: plan}
	}
	return &discoveryv1.BatchLifecycleResponse{
		Targets: targetsOf(o.Targets), Progress: progressOf(&o.Tally), ValidateOnly: plan,
		OldestObserveTime: timeOf(o.OldestObserveTime), Unreachable: o.Unreachable,
	}
}

// tallyOf returns the counts of a plan's targets.
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

func metadataOf(o *operation.Operation, targets []*operation.Target) *discoveryv1.OperationMetadata {
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
		Targets:     targetsOf(targets),
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

// refusalCodes lists the codes of operations that failed, if they are not FAILED_PRECONDITION
// (AIP-193).
var refusalCodes = map[fault.Reason]codes.Code{
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

// statusOf returns the error of an operation on one instance.
func statusOf(o *operation.Operation, t *operation.Target) *status.Status {
	code, ok := refusalCodes[t.Refusal.Reason]
	if !ok {
		code = codes.FailedPrecondition
	}
	text := fmt.Sprintf("%s was not %s: %s", operation.InstanceName(t.Instance), o.Verb.Done(), t.Refusal.Message)
	if t.State == operation.TargetUnknown {
		text = fmt.Sprintf("%s: %s", operation.InstanceName(t.Instance), t.Refusal.Message)
	}
	s := status.New(code, text)
	with, err := s.WithDetails(&errdetails.ErrorInfo{
		Reason: string(t.Refusal.Reason), Domain: serve.ErrorDomain,
		Metadata: map[string]string{"name": operation.InstanceName(t.Instance), "state": string(t.State), "remedy": t.Refusal.Remedy},
	})
	if err != nil { // Only the code OK has no details.
		return s
	}
	return with
}
