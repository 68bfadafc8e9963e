package app

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
)

// TestWithDeadline checks the deadline of calls that have none: waiting for an operation and dry
// runs get more time.
func TestWithDeadline(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method  string
		request any
		limit   time.Duration
	}{
		{"/rollcall.inventory.v1.InventoryService/ListInstances", nil, callLimit},
		{"/rollcall.discovery.v1.OperationService/WaitOperation", nil, waitLimit},
		{"/google.longrunning.Operations/WaitOperation", nil, waitLimit},
		{"/rollcall.discovery.v1.LifecycleService/BatchStopInstances", &discoveryv1.BatchStopInstancesRequest{}, callLimit},
		{"/rollcall.discovery.v1.LifecycleService/BatchStopInstances", &discoveryv1.BatchStopInstancesRequest{ValidateOnly: true}, planLimit},
		{"/rollcall.discovery.v1.LifecycleService/StopInstance", &discoveryv1.StopInstanceRequest{ValidateOnly: true}, planLimit},
	} {
		before := time.Now()
		err := withDeadline(context.Background(), c.method, c.request, nil, nil,
			func(ctx context.Context, _ string, _, _ any, _ *grpc.ClientConn, _ ...grpc.CallOption) error {
				deadline, ok := ctx.Deadline()
				if !ok || deadline.Before(before.Add(c.limit)) || deadline.After(time.Now().Add(c.limit)) {
					t.Errorf("%s %v: deadline %v, want about %v from now", c.method, c.request, deadline, c.limit)
				}
				return nil
			})
		if err != nil {
			t.Error(err)
		}
	}
}
