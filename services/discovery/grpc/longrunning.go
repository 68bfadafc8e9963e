package grpc

import (
	"context"
	"strings"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/types/known/emptypb"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
)

// standard is google.longrunning.Operations, for clients that know no other: the
// OperationService by another name.
type standard struct {
	longrunningpb.UnimplementedOperationsServer
	operations *operations
}

// GetOperation gets one operation.
func (s *standard) GetOperation(ctx context.Context, req *longrunningpb.GetOperationRequest) (*longrunningpb.Operation, error) {
	return s.operations.GetOperation(ctx, &discoveryv1.GetOperationRequest{Name: req.GetName()})
}

// ListOperations lists operations. The name is that of the collection.
func (s *standard) ListOperations(
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
func (s *standard) WaitOperation(ctx context.Context, req *longrunningpb.WaitOperationRequest) (*longrunningpb.Operation, error) {
	return s.operations.WaitOperation(ctx, &discoveryv1.WaitOperationRequest{Name: req.GetName(), Timeout: req.GetTimeout()})
}

// CancelOperation asks for an operation to end early.
func (s *standard) CancelOperation(ctx context.Context, req *longrunningpb.CancelOperationRequest) (*emptypb.Empty, error) {
	return s.operations.CancelOperation(ctx, &discoveryv1.CancelOperationRequest{Name: req.GetName()})
}

// DeleteOperation forgets an operation that has ended.
func (s *standard) DeleteOperation(ctx context.Context, req *longrunningpb.DeleteOperationRequest) (*emptypb.Empty, error) {
	return s.operations.DeleteOperation(ctx, &discoveryv1.DeleteOperationRequest{Name: req.GetName()})
}

func operationID(name string) string { return strings.TrimPrefix(name, operation.OperationName("")) }
