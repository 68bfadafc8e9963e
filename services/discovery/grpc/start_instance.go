package grpc

import (
	"context"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// StartInstance starts an instance.
func (s *lifecycleServer) StartInstance(ctx context.Context, req *discoveryv1.StartInstanceRequest) (*longrunningpb.Operation, error) {
	return s.submit(ctx, req, operation.Request{
		Verb: provider.Start, Named: []operation.Named{namedOf(req)}, ValidateOnly: req.GetValidateOnly(),
		RequestID: req.GetRequestId(), Etag: req.GetEtag(), Reason: req.GetReason(),
	})
}
