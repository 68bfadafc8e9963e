package app_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// A plan has ended, counts what it is of, and knows who asked, also by a name
// that is not ASCII.
func TestPlanIsWhole(t *testing.T) {
	t.Parallel()
	r := start(t, fleet(1, cloudsim.Immediately))
	_, ids := r.launch(1, nil)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-forwarded-user-bin", "dörte@example.com")
	plan := must(r.lifecycle.StopInstance(ctx, &discoveryv1.StopInstanceRequest{Name: "instances/" + ids[0], ValidateOnly: true}))(t)
	told := operationMetadata(t, plan)
	if !plan.GetDone() || told.GetState() != discoveryv1.OperationMetadata_ENDED || told.GetProgress().GetTotal() != 1 ||
		told.GetProgress().GetPending() != 1 || told.GetRequester().GetUser() != "dörte@example.com" {
		t.Errorf("the plan is %v", plan)
	}
	r.wantTaken(ids[0], 0)
}

// Who waits with a deadline is answered before it, with the operation as it is.
func TestWaitWithinTheDeadline(t *testing.T) {
	t.Parallel()
	r := start(t, fleet(1, cloudsim.Immediately))
	_, ids := r.launch(1, nil)
	unhang := r.hang()
	asked := must(r.lifecycle.StopInstance(t.Context(), &discoveryv1.StopInstanceRequest{Name: "instances/" + ids[0]}))(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	waited, err := r.operation.WaitOperation(ctx, &discoveryv1.WaitOperationRequest{Name: asked.GetName()})
	if err != nil || waited.GetDone() || waited.GetName() != asked.GetName() {
		t.Errorf("waited for %v: %v", waited, err)
	}
	unhang()
	r.wait(asked)
}

// Of a batch, an instance that can't be found in time is one result of its own;
// the others are worked on.
func TestSearchWithinTheDeadline(t *testing.T) {
	t.Parallel()
	r := start(t, fleet(1, cloudsim.Immediately))
	_, ids := r.launch(1, nil)
	unhang := r.hang()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	asked, err := r.lifecycle.BatchStopInstances(ctx, &discoveryv1.BatchStopInstancesRequest{
		Names: []string{"instances/i-0123456789abcdef0", "instances/" + ids[0]},
	})
	if err != nil {
		t.Fatal(err)
	}
	unhang()
	targets := batch(t, r.wait(asked)).GetTargets()
	if len(targets) != 2 || targets[0].GetRefusal().GetReason() == commonv1.ErrorReason_REASON_UNSPECIFIED || targets[0].GetCalls() != 0 ||
		targets[1].GetState() != discoveryv1.Target_SUCCEEDED {
		t.Errorf("it came to %v", targets)
	}
}
