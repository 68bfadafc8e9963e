package app

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"
)

// TestWithDeadline checks the deadline of calls that have none: that of WaitOperation is longer
// than the longest wait.
func TestWithDeadline(t *testing.T) {
	t.Parallel()
	for method, most := range map[string]time.Duration{
		"/rollcall.inventory.v1.InventoryService/ListInstances": callLimit,
		"/rollcall.discovery.v1.OperationService/WaitOperation": waitLimit,
		"/google.longrunning.Operations/WaitOperation":          waitLimit,
	} {
		before := time.Now()
		err := withDeadline(context.Background(), method, nil, nil, nil,
			func(ctx context.Context, _ string, _, _ any, _ *grpc.ClientConn, _ ...grpc.CallOption) error {
				deadline, ok := ctx.Deadline()
				if !ok || deadline.Before(before.Add(most)) || deadline.After(time.Now().Add(most)) {
					t.Errorf("%s: deadline %v, want about %v from now", method, deadline, most)
				}
				return nil
			})
		if err != nil {
			t.Error(err)
		}
	}
}
