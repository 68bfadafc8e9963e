package grpc

import (
	"context"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// BatchStartInstances starts instances.
func (s *lifecycleServer) BatchStartInstances(
	ctx context.Context, req *discoveryv1.BatchStartInstancesRequest,
) (*longrunningpb.Operation, error) {
	return s.submit(ctx, req, batchOf(req, operation.Request{Verb: provider.Start}))
}
