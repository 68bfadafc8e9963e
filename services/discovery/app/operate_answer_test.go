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

// A plan has ended, counts its targets, and has the name of the user, even one that is not ASCII.
func TestPlan_Complete(t *testing.T) {
	t.Parallel()
	r := start(t, fleet(1, cloudsim.Immediately))
	_, ids := r.launch(1, nil)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-forwarded-user-bin", "dörte@example.com")
	operation := must(r.lifecycle.StopInstance(ctx, &discoveryv1.StopInstanceRequest{Name: "instances/" + ids[0], ValidateOnly: true}))(t)
	plan := operationMetadata(t, operation)
	if !operation.GetDone() || plan.GetState() != discoveryv1.OperationMetadata_ENDED || plan.GetProgress().GetTotal() != 1 ||
		plan.GetProgress().GetPending() != 1 || plan.GetRequester().GetUser() != "dörte@example.com" {
		t.Errorf("the plan is %v", plan)
	}
	r.wantTaken(ids[0], 0)
}

// A wait with a deadline returns before it, with the operation as it is.
func TestWait_BeforeDeadline(t *testing.T) {
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

// An instance of a batch that can't be found in time fails alone. The others are executed.
func TestBatch_SearchBeforeDeadline(t *testing.T) {
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
		t.Errorf("the result is %v", targets)
	}
}
