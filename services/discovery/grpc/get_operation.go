package grpc

import (
	"context"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
)

// GetOperation returns an operation with all its targets.
func (s *operationServer) GetOperation(ctx context.Context, req *discoveryv1.GetOperationRequest) (*longrunningpb.Operation, error) {
	found, err := s.operations.Operation(ctx, operationID(req.GetName()))
	if err != nil {
		return nil, err
	}
	return operationMessage(found)
}
