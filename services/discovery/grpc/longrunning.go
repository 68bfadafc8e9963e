package grpc

import (
	"context"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/types/known/emptypb"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
)

// longRunningServer is google.longrunning.Operations. It calls OperationService.
type longRunningServer struct {
	longrunningpb.UnimplementedOperationsServer
	operations *operationServer
}

// GetOperation returns an operation.
func (s *longRunningServer) GetOperation(ctx context.Context, req *longrunningpb.GetOperationRequest) (*longrunningpb.Operation, error) {
	return s.operations.GetOperation(ctx, &discoveryv1.GetOperationRequest{Name: req.GetName()})
}

// ListOperations lists operations. The name in the request is that of the collection.
func (s *longRunningServer) ListOperations(
	ctx context.Context, req *longrunningpb.ListOperationsRequest,
) (*longrunningpb.ListOperationsResponse, error) {
	found, err := s.operations.ListOperations(ctx, &discoveryv1.ListOperationsRequest{
		Filter: req.GetFilter(), PageSize: max(req.GetPageSize(), 0), PageToken: req.GetPageToken(),
	})
	return &longrunningpb.ListOperationsResponse{
		Operations: found.GetOperations(), NextPageToken: found.GetNextPageToken(),
	}, err
}

// WaitOperation waits for an operation to end.
func (s *longRunningServer) WaitOperation(ctx context.Context, req *longrunningpb.WaitOperationRequest) (*longrunningpb.Operation, error) {
	return s.operations.WaitOperation(ctx, &discoveryv1.WaitOperationRequest{Name: req.GetName(), Timeout: req.GetTimeout()})
}

// CancelOperation cancels an operation.
func (s *longRunningServer) CancelOperation(ctx context.Context, req *longrunningpb.CancelOperationRequest) (*emptypb.Empty, error) {
	return s.operations.CancelOperation(ctx, &discoveryv1.CancelOperationRequest{Name: req.GetName()})
}

// DeleteOperation deletes an operation that has ended.
func (s *longRunningServer) DeleteOperation(ctx context.Context, req *longrunningpb.DeleteOperationRequest) (*emptypb.Empty, error) {
	return s.operations.DeleteOperation(ctx, &discoveryv1.DeleteOperationRequest{Name: req.GetName()})
}
