package grpc

import (
	"context"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
)

// ListOperations lists operations without their targets, newest first.
func (s *operationServer) ListOperations(
	ctx context.Context, req *discoveryv1.ListOperationsRequest,
) (*discoveryv1.ListOperationsResponse, error) {
	found, next, err := s.operations.Operations(ctx, req.GetFilter(), req.GetPageToken(), pageSize(req.GetPageSize()))
	if err != nil {
		return nil, err
	}
	response := &discoveryv1.ListOperationsResponse{NextPageToken: next}
	for _, one := range found {
		message, err := listedOperation(one)
		if err != nil {
			return nil, err
		}
		response.Operations = append(response.Operations, message)
	}
	return response, nil
}
