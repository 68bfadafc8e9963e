package grpc

import (
	"context"
	"time"

	"google.golang.org/grpc"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
)

// WatchOperation streams an operation until it has ended. Another process may be running it,
// so its revision is read periodically: one row by its key.
func (s *operationServer) WatchOperation(
	req *discoveryv1.WatchOperationRequest, stream grpc.ServerStreamingServer[discoveryv1.WatchOperationResponse],
) error {
	id, ctx := operationID(req.GetName()), stream.Context()
	tick := time.NewTicker(s.watchEvery)
	defer tick.Stop()
	for sent := int64(0); ; {
		revision, _, err := s.operations.OperationRevision(ctx, id)
		if err != nil {
			return err
		}
		if revision != sent {
			changed, err := s.operations.OperationSince(ctx, id, sent)
			if err != nil {
				return err
			}
			if err := s.send(ctx, changed, stream.Send); err != nil || changed.State == operation.StateEnded {
				return err
			}
			sent = changed.Revision
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.stopping:
			return errStopping("watch")
		case <-tick.C:
		}
	}
}

// send sends an operation with the targets that changed. If the operation has ended, its result
// has all targets.
func (s *operationServer) send(
	ctx context.Context, o *operation.Operation, send func(*discoveryv1.WatchOperationResponse) error,
) error {
	changed := o.Targets
	if o.State == operation.StateEnded {
		whole, err := s.operations.Operation(ctx, o.ID)
		if err != nil {
			return err
		}
		o = whole
	}
	message, err := watchedOperation(o, changed)
	if err != nil {
		return err
	}
	return send(&discoveryv1.WatchOperationResponse{Operation: message})
}
