package grpc

import (
	"context"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

const (
	// defaultWait is how long WaitOperation waits without a timeout, and maxWait with one.
	defaultWait = time.Minute
	maxWait     = 10 * time.Minute
	// beforeDeadline is how long before the caller's deadline it answers.
	beforeDeadline = time.Second
)

// WaitOperation waits for an operation to end, and returns it. If the timeout or the caller's
// deadline comes first, it returns the operation as it is then.
func (s *operationServer) WaitOperation(ctx context.Context, req *discoveryv1.WaitOperationRequest) (*longrunningpb.Operation, error) {
	wait := defaultWait
	if req.GetTimeout() != nil {
		wait = min(req.GetTimeout().AsDuration(), maxWait)
	}
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, max(time.Until(deadline)-beforeDeadline, 0))
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	tick := time.NewTicker(s.watchEvery)
	defer tick.Stop()
	for {
		_, ended, err := s.operations.OperationRevision(ctx, operationID(req.GetName()))
		if err != nil {
			return nil, err
		}
		if ended {
			break
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.stopping:
			return nil, errStopping("wait")
		case <-timer.C:
			return s.GetOperation(ctx, &discoveryv1.GetOperationRequest{Name: req.GetName()})
		case <-tick.C:
		}
	}
	return s.GetOperation(ctx, &discoveryv1.GetOperationRequest{Name: req.GetName()})
}

// errStopping returns the error of a call that ends because this process stops.
func errStopping(verb string) error {
	return fault.New(fault.KindUnavailable, fault.ReasonStopping, "discovery is stopping; %s again", verb)
}
