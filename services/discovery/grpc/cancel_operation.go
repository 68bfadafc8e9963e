package grpc

import (
	"context"

	"google.golang.org/protobuf/types/known/emptypb"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
)

// CancelOperation cancels an operation: no further call is made for it.
func (s *operationServer) CancelOperation(ctx context.Context, req *discoveryv1.CancelOperationRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, s.operations.CancelOperation(ctx, operationID(req.GetName()), operation.AuditEntry{
		Event: operation.AuditCancelRequested, Requester: requesterOf(ctx),
	})
}
