package gcp_test

import (
	"strings"
	"testing"

	"google.golang.org/api/compute/v1"
	"google.golang.org/api/option"
	sqladmin "google.golang.org/api/sqladmin/v1"

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
	service := c.vms()
	const id = "4b8f5c6a-0000-4000-8000-000000000001"
	first, err := service.Instances.Stop(projectID, homeZone, "web-1").RequestId(id).Do()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.Instances.Start(projectID, homeZone, "web-1").Do(); err != nil {
		t.Fatal(err)
	}
	again, err := service.Instances.Stop(projectID, homeZone, "web-1").RequestId(id).Do()
	if err != nil || again.Name != first.Name || again.ClientOperationId != id {
		t.Errorf("again: %+v, %v", again, err)
	}
	if vm, err := c.VM(projectID, homeZone, "web-1"); err != nil || vm.State != gcp.VMRunning {
		t.Errorf("the second request was made: %s, %v", vm.State, err)
	}
	requests := c.Mutations(cloudsim.Call{Action: "instances.stop"}, "web-1")
	if len(requests) != 2 || requests[0].Repeated || !requests[1].Repeated || requests[1].RequestID != id {
		t.Errorf("requests: %+v", requests)
	}
	found, err := service.ZoneOperations.List(projectID, homeZone).Filter(`(targetId = ` + number(made[0].ID) + `) AND (operationType = "stop")`).Do()
	if err != nil || len(found.Items) != 1 || found.Items[0].Name != first.Name {
		t.Errorf("operations: %+v, %v", found, err)
	}
	_, err = service.Instances.Stop(projectID, homeZone, "web-1").RequestId("no-uuid").Do()
	wantReason(t, err, 400, "invalid")
}

// vms is the older of Google's two clients for Compute Engine.
func (c *cloud) vms() *compute.Service {
	c.t.Helper()
	service, err := compute.NewService(c.t.Context(), option.WithHTTPClient(c.http(projectID)), option.WithEndpoint(c.server.URL+"/compute/v1/"))
	if err != nil {
		c.t.Fatal(err)
	}
	return service
}

// TestStart_NoCapacity checks that a lack of capacity or quota is reported by a failed operation,
// and leaves the VM as it was.
func TestStart_NoCapacity(t *testing.T) {
	c := serve(t, cloudsim.Config{Transition: cloudsim.Immediately})
	if _, err := c.CreateVMs(projectID, homeZone, gcp.VMSpec{Name: "web-1"}); err != nil {
		t.Fatal(err)
	}
	service := c.vms()
	if _, err := service.Instances.Stop(projectID, homeZone, "web-1").Do(); err != nil {
		t.Fatal(err)
	}
	for kind, code := range map[cloudsim.FaultKind]string{cloudsim.NoCapacity: "ZONE_RESOURCE_POOL_EXHAUSTED", cloudsim.NoQuota: "QUOTA_EXCEEDED"} {
		remove := c.Inject(cloudsim.Fault{Kind: kind})
		op, err := service.Instances.Start(projectID, homeZone, "web-1").Do()
		if err == nil {
			op, err = service.ZoneOperations.Wait(projectID, homeZone, op.Name).Do()
		}
		if err != nil || op.Status != "DONE" || op.Error == nil || op.Error.Errors[0].Code != code || op.HttpErrorStatusCode == 0 {
			t.Errorf("%s: %+v, %v", kind, op, err)
		}
		if vm, err := c.VM(projectID, homeZone, "web-1"); err != nil || vm.State != gcp.VMTerminated {
			t.Errorf("%s: the VM is %s, %v", kind, vm.State, err)
		}
		remove()
	}
	c.Inject(cloudsim.Fault{Kind: cloudsim.LoseAnswer, Count: 1, Call: cloudsim.Call{Action: "instances.start"}})
	if _, err := service.Instances.Start(projectID, homeZone, "web-1").Do(); err == nil {
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
	service := c.vms()
	vm, err := service.Instances.Get(projectID, homeZone, "scratch").Do()
	if err != nil || len(vm.Disks) != 3 || vm.Disks[1].Type != "SCRATCH" {
		t.Errorf("%+v, %v", vm, err)
	}
	_, err = service.Instances.Stop(projectID, homeZone, "scratch").Do()
	wantReason(t, err, 400, "invalid")
	if _, err := service.Instances.Stop(projectID, homeZone, "scratch").DiscardLocalSsd(true).Do(); err != nil {
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
