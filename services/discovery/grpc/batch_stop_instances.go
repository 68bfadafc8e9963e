package grpc

import (
	"context"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// BatchStopInstances stops instances.
func (s *lifecycleServer) BatchStopInstances(
	ctx context.Context, req *discoveryv1.BatchStopInstancesRequest,
) (*longrunningpb.Operation, error) {
	return s.submit(ctx, req, batchOf(req, operation.Request{Verb: provider.Stop, KeepStopped: req.GetKeepStopped()}))
}
