package grpc

import (
	"context"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// StopInstance stops an instance.
func (s *lifecycleServer) StopInstance(ctx context.Context, req *discoveryv1.StopInstanceRequest) (*longrunningpb.Operation, error) {
	return s.submit(ctx, req, operation.Request{
		Verb: provider.Stop, Named: []operation.Named{namedOf(req)}, ValidateOnly: req.GetValidateOnly(),
		RequestID: req.GetRequestId(), Etag: req.GetEtag(), Reason: req.GetReason(), KeepStopped: req.GetKeepStopped(),
	})
}
