package grpc

import (
	"context"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// How long WaitOperation waits: unless it is told, and at the most; and how long
// before the end of the caller's patience it answers.
const (
	defaultWait    = time.Minute
	longestWait    = 10 * time.Minute
	beforeDeadline = time.Second
)

// operations is the OperationService.
type operations struct {
	discoveryv1.UnimplementedOperationServiceServer
	Options
}

// GetOperation gets one operation, with all its instances.
func (s *operations) GetOperation(ctx context.Context, req *discoveryv1.GetOperationRequest) (*longrunningpb.Operation, error) {
	operation, err := s.Operations.Operation(ctx, operationID(req.GetName()))
	if err != nil {
		return nil, err
	}
	return longRunning(operation)
}

// ListOperations lists operations, newest first, without their instances.
func (s *operations) ListOperations(
	ctx context.Context, req *discoveryv1.ListOperationsRequest,
) (*discoveryv1.ListOperationsResponse, error) {
	size := min(int(req.GetPageSize()), largestPage)
	if size == 0 {
		size = defaultPage
	}
	found, next, err := s.Operations.Operations(ctx, req.GetFilter(), req.GetPageToken(), size)
	if err != nil {
		return nil, err
	}
	response := &discoveryv1.ListOperationsResponse{NextPageToken: next}
	for _, operation := range found {
		message, err := listed(operation)
		if err != nil {
			return nil, err
		}
		response.Operations = append(response.Operations, message)
	}
	return response, nil
}

// WaitOperation waits for an operation to end, and answers it as it is then.
func (s *operations) WaitOperation(ctx context.Context, req *discoveryv1.WaitOperationRequest) (*longrunningpb.Operation, error) {
	wait := defaultWait
	if req.GetTimeout() != nil {
		wait = min(req.GetTimeout().AsDuration(), longestWait)
	}
	if deadline, ok := ctx.Deadline(); ok {
		// An answer that the caller still gets, of how it is by then.
		wait = min(wait, max(time.Until(deadline)-beforeDeadline, 0))
	}
	id := operationID(req.GetName())
	timer := time.NewTimer(wait)
	defer timer.Stop()
	tick := time.NewTicker(s.WatchEvery)
	defer tick.Stop()
	for {
		_, ended, err := s.Operations.OperationRevision(ctx, id)
		if err != nil {
			return nil, err
		}
		if ended {
			break
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.Stopping:
			return nil, fault.New(fault.KindUnavailable, "STOPPING", "discovery is stopping; wait again")
		case <-timer.C:
			return s.GetOperation(ctx, &discoveryv1.GetOperationRequest{Name: req.GetName()})
		case <-tick.C:
		}
	}
	return s.GetOperation(ctx, &discoveryv1.GetOperationRequest{Name: req.GetName()})
}

// WatchOperation follows an operation until it has ended. It may be worked by
// another process, so its revision is asked for: one row by its key.
func (s *operations) WatchOperation(
	req *discoveryv1.WatchOperationRequest, stream grpc.ServerStreamingServer[discoveryv1.WatchOperationResponse],
) error {
	id, ctx := operationID(req.GetName()), stream.Context()
	tick := time.NewTicker(s.WatchEvery)
	defer tick.Stop()
	for sent := int64(0); ; {
		revision, _, err := s.Operations.OperationRevision(ctx, id)
		if err != nil {
			return err
		}
		if revision != sent {
			op, err := s.Operations.OperationSince(ctx, id, sent)
			if err != nil {
				return err
			}
			if err := s.send(ctx, op, stream.Send); err != nil || op.State == operation.OperationEnded {
				return err
			}
			sent = op.Revision
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.Stopping:
			return fault.New(fault.KindUnavailable, "STOPPING", "discovery is stopping; watch again")
		case <-tick.C:
		}
	}
}

// send sends what changed of an operation; of one that has ended, all.
func (s *operations) send(ctx context.Context, op *operation.Operation, send func(*discoveryv1.WatchOperationResponse) error) error {
	changed := op.Targets
	if op.State == operation.OperationEnded {
		whole, err := s.Operations.Operation(ctx, op.ID)
		if err != nil {
			return err
		}
		op = whole
	}
	message, err := watched(op, changed)
	if err != nil {
		return err
	}
	return send(&discoveryv1.WatchOperationResponse{Operation: message})
}

// CancelOperation asks for an operation to end early.
func (s *operations) CancelOperation(ctx context.Context, req *discoveryv1.CancelOperationRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, s.Operations.CancelOperation(ctx, operationID(req.GetName()), operation.AuditEntry{
		Event: operation.AuditCancelRequested, Requester: requesterOf(ctx),
	})
}

// DeleteOperation forgets an operation that has ended.
func (s *operations) DeleteOperation(ctx context.Context, req *discoveryv1.DeleteOperationRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, s.Operations.DeleteOperation(ctx, operationID(req.GetName()), operation.AuditEntry{
		Event: operation.AuditDeleted, Requester: requesterOf(ctx),
	})
}
