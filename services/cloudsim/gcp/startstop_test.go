package gcp_test

import (
	"errors"
	"strings"
	"testing"

	compute "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
	sqladmin "google.golang.org/api/sqladmin/v1"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
)

// TestStop_RequestID checks that a repeated request id yields the operation of the first request,
// and changes nothing.
func TestStop_RequestID(t *testing.T) {
	c := serve(t, cloudsim.Config{Transition: cloudsim.Immediately})
	made, err := c.CreateVMs(projectID, homeZone, gcp.VMSpec{Name: "web-1"})
	if err != nil {
		t.Fatal(err)
	}
	instances := c.instances(c.http(projectID))
	const id = "4b8f5c6a-0000-4000-8000-000000000001"
	request := stopRequest("web-1")
	request.RequestId = proto.String(id)
	first, err := instances.Stop(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := instances.Start(t.Context(), startRequest("web-1")); err != nil {
		t.Fatal(err)
	}
	again, err := instances.Stop(t.Context(), request)
	if err != nil || again.Name() != first.Name() || again.Proto().GetClientOperationId() != id {
		t.Errorf("again: %v, %v", again, err)
	}
	if vm, err := c.VM(projectID, homeZone, "web-1"); err != nil || vm.State != gcp.VMRunning {
		t.Errorf("the second request was made: %s, %v", vm.State, err)
	}
	requests := c.Mutations(cloudsim.Call{Action: "instances.stop"}, "web-1")
	if len(requests) != 2 || requests[0].Repeated || !requests[1].Repeated || requests[1].RequestID != id {
		t.Errorf("requests: %+v", requests)
	}
	found := c.zoneOperations().List(t.Context(), &computepb.ListZoneOperationsRequest{
		Project: projectID, Zone: homeZone, Filter: proto.String(`(targetId = ` + number(made[0].ID) + `) AND (operationType = "stop")`),
	})
	if op, err := found.Next(); err != nil || op.GetName() != first.Name() {
		t.Errorf("operation: %v, %v", op, err)
	}
	if op, err := found.Next(); !errors.Is(err, iterator.Done) {
		t.Errorf("another operation: %v, %v", op, err)
	}
	request.RequestId = proto.String("no-uuid")
	_, err = instances.Stop(t.Context(), request)
	wantReason(t, err, 400, "invalid")
}

// zoneOperations is the generated client for the operations of zones.
func (c *cloud) zoneOperations() *compute.ZoneOperationsClient {
	c.t.Helper()
	operations, err := compute.NewZoneOperationsRESTClient(c.t.Context(), option.WithHTTPClient(c.http(projectID)), option.WithEndpoint(c.server.URL))
	if err != nil {
		c.t.Fatal(err)
	}
	return operations
}

func startRequest(name string) *computepb.StartInstanceRequest {
	return &computepb.StartInstanceRequest{Project: projectID, Zone: homeZone, Instance: name}
}

func stopRequest(name string) *computepb.StopInstanceRequest {
	return &computepb.StopInstanceRequest{Project: projectID, Zone: homeZone, Instance: name}
}

// TestStart_NoCapacity checks that a lack of capacity or quota is reported by a failed operation,
// and leaves the VM as it was.
func TestStart_NoCapacity(t *testing.T) {
	c := serve(t, cloudsim.Config{Transition: cloudsim.Immediately})
	if _, err := c.CreateVMs(projectID, homeZone, gcp.VMSpec{Name: "web-1"}); err != nil {
		t.Fatal(err)
	}
	instances := c.instances(c.http(projectID))
	if _, err := instances.Stop(t.Context(), stopRequest("web-1")); err != nil {
		t.Fatal(err)
	}
	for kind, code := range map[cloudsim.FaultKind]string{cloudsim.NoCapacity: "ZONE_RESOURCE_POOL_EXHAUSTED", cloudsim.NoQuota: "QUOTA_EXCEEDED"} {
		remove := c.Inject(cloudsim.Fault{Kind: kind})
		begun, err := instances.Start(t.Context(), startRequest("web-1"))
		if err != nil {
			t.Fatal(err)
		}
		op, err := c.zoneOperations().Wait(t.Context(), &computepb.WaitZoneOperationRequest{Project: projectID, Zone: homeZone, Operation: begun.Name()})
		if err != nil || op.GetStatus() != computepb.Operation_DONE || op.GetError().GetErrors()[0].GetCode() != code || op.GetHttpErrorStatusCode() == 0 {
			t.Errorf("%s: %v, %v", kind, op, err)
		}
		if vm, err := c.VM(projectID, homeZone, "web-1"); err != nil || vm.State != gcp.VMTerminated {
			t.Errorf("%s: the VM is %s, %v", kind, vm.State, err)
		}
		remove()
	}
	c.Inject(cloudsim.Fault{Kind: cloudsim.LoseAnswer, Count: 1, Call: cloudsim.Call{Action: "instances.start"}})
	if _, err := instances.Start(t.Context(), startRequest("web-1")); err == nil {
		t.Error("an answer came that was lost")
	}
	if vm, err := c.VM(projectID, homeZone, "web-1"); err != nil || vm.State != gcp.VMRunning {
		t.Errorf("the call was not made: %s, %v", vm.State, err)
	}
}

// TestStop_LocalSSD checks that a VM with local disks stops only if the request states what to do
// with their content.
func TestStop_LocalSSD(t *testing.T) {
	c := serve(t, cloudsim.Config{Transition: cloudsim.Immediately})
	if _, err := c.CreateVMs(projectID, homeZone, gcp.VMSpec{Name: "scratch", LocalSSDs: 2}); err != nil {
		t.Fatal(err)
	}
	instances := c.instances(c.http(projectID))
	vm, err := instances.Get(t.Context(), &computepb.GetInstanceRequest{Project: projectID, Zone: homeZone, Instance: "scratch"})
	if disks := vm.GetDisks(); err != nil || len(disks) != 3 || disks[1].GetType() != "SCRATCH" {
		t.Errorf("%v, %v", vm, err)
	}
	_, err = instances.Stop(t.Context(), stopRequest("scratch"))
	wantReason(t, err, 400, "invalid")
	discarding := stopRequest("scratch")
	discarding.DiscardLocalSsd = proto.Bool(true)
	if _, err := instances.Stop(t.Context(), discarding); err != nil {
		t.Error(err)
	}
}

// TestPatchSQL_Busy checks that a database accepts no other change during a change.
func TestPatchSQL_Busy(t *testing.T) {
	c := serve(t, cloudsim.Config{})
	service := c.sql(c.http(projectID))
	patch := func(name, policy string) (*sqladmin.Operation, error) {
		return service.Instances.Patch(projectID, name, &sqladmin.DatabaseInstance{Settings: &sqladmin.Settings{ActivationPolicy: policy}}).Do()
	}
	var plain, replica gcp.SQLInstance
	for _, d := range c.projectTruth().Databases {
		switch {
		case d.ReplicaOf != "":
			replica = d
		case len(d.Replicas) == 0 && d.Active:
			plain = d
		}
	}
	op, err := patch(plain.Name, "NEVER")
	if err != nil || op.Status != "RUNNING" {
		t.Fatalf("%+v, %v", op, err)
	}
	_, err = patch(plain.Name, "ALWAYS")
	wantReason(t, err, 409, "operationInProgress")
	_, err = patch(replica.Name, "NEVER")
	wantReason(t, err, 400, "invalidRequest")
	listed, err := service.Operations.List(projectID).Instance(plain.Name).Do()
	if err != nil || len(listed.Items) != 1 || listed.Items[0].Name != op.Name {
		t.Errorf("operations: %+v, %v", listed, err)
	}
}

// TestPatchSQL_FailedOperation checks that a failed change ends in an operation with an error.
func TestPatchSQL_FailedOperation(t *testing.T) {
	c := serve(t, cloudsim.Config{Transition: cloudsim.Immediately})
	if _, err := c.CreateSQL(projectID, gcp.SQLSpec{Name: "billing"}); err != nil {
		t.Fatal(err)
	}
	service := c.sql(c.http(projectID))
	c.Inject(cloudsim.Fault{Kind: cloudsim.ComeToNothing, Call: cloudsim.Call{Action: "instances.patch"}})
	op, err := service.Instances.Patch(projectID, "billing", &sqladmin.DatabaseInstance{Settings: &sqladmin.Settings{ActivationPolicy: "NEVER"}}).Do()
	if err != nil || op.Error == nil || !strings.Contains(op.Error.Errors[0].Code, "INTERNAL") {
		t.Errorf("%+v, %v", op, err)
	}
	if d, err := c.SQLInstance(projectID, "billing"); err != nil || !d.Active {
		t.Errorf("it was stopped all the same: %+v, %v", d, err)
	}
}
