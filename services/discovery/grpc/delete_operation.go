package grpc

import (
	"context"

	"google.golang.org/protobuf/types/known/emptypb"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
)

// DeleteOperation deletes an operation that has ended. Its audit entries stay.
func (s *operationServer) DeleteOperation(ctx context.Context, req *discoveryv1.DeleteOperationRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, s.operations.DeleteOperation(ctx, operationID(req.GetName()), operation.AuditEntry{
		Event: operation.AuditDeleted, Requester: requesterOf(ctx),
	})
}
