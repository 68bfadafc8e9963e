package chaos

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// operate starts or stops an instance through Rollcall. The request may be rejected; accepted
// operations must end (see awaitOperations).
func (e *scenario) operate(ctx context.Context, s step) error {
	once, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	listed, err := pick(e.inventory, s.c).ListInstances(once, &inventoryv1.ListInstancesRequest{PageSize: 100})
	if err != nil || len(listed.GetInstances()) == 0 {
		return ignoreUnavailable(err)
	}
	i := pick(listed.GetInstances(), s.a)
	worker := e.lifecycle[e.workerIndex()]
	var op *longrunningpb.Operation
	if i.GetState() == inventoryv1.Instance_STOPPED {
		op, err = worker.StartInstance(once, &discoveryv1.StartInstanceRequest{Name: i.GetName()})
	} else {
		op, err = worker.StopInstance(once, &discoveryv1.StopInstanceRequest{Name: i.GetName()})
	}
	switch status.Code(err) {
	case codes.OK:
		e.operations = append(e.operations, op.GetName())
		return nil
	case codes.Internal, codes.Unknown, codes.DataLoss, codes.InvalidArgument:
		return fmt.Errorf("starting or stopping %s: %w", describe(i), err)
	default:
		return nil
	}
}

func ignoreUnavailable(err error) error {
	if err != nil && isUnavailable(err) {
		return nil
	}
	return err
}

// awaitOperations waits until all accepted operations have ended.
func (e *scenario) awaitOperations(ctx context.Context) error {
	for _, name := range e.operations {
		err := retryWhileUnavailable(ctx, func(ctx context.Context) error {
			op, err := e.ops[e.workerIndex()].WaitOperation(ctx, &discoveryv1.WaitOperationRequest{Name: name, Timeout: durationpb.New(time.Second)})
			if status.Code(err) == codes.NotFound { // its account was removed
				return nil
			}
			if err == nil && !op.GetDone() {
				return status.Error(codes.Unavailable, "the operation is not done")
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("%s does not end: %w", name, err)
		}
	}
	e.operations = e.operations[:0]
	return nil
}
