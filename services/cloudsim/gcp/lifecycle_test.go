package gcp_test

import (
	"testing"
	"time"

	compute "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/api/option"
	sqladmin "google.golang.org/api/sqladmin/v1"
	sqlbeta "google.golang.org/api/sqladmin/v1beta4"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
)

type sqlPage = sqladmin.InstancesListResponse

// TestInstanceLifecycle moves a VM through its states with the generated client, and waits for each
// operation.
func TestInstanceLifecycle(t *testing.T) {
	c := serve(t, cloudsim.Config{Transition: 30 * time.Millisecond})
	made, err := c.CreateVMs(projectID, homeZone, gcp.VMSpec{Name: "web-1", Labels: map[string]string{"env": "prod"}})
	if err != nil || made[0].State != gcp.VMProvisioning {
		t.Fatal(made, err)
	}
	client := c.http(projectID)
	instances := c.instances(client)
	ctx := t.Context()
	state := func() string {
		vm, err := instances.Get(ctx, &computepb.GetInstanceRequest{Project: projectID, Zone: homeZone, Instance: "web-1"})
		if err != nil {
			t.Fatal(err)
		}
		return vm.GetStatus()
	}
	steps := []struct {
		name string
		do   func() (*compute.Operation, error)
		want string
	}{
		{"stop", func() (*compute.Operation, error) {
			return instances.Stop(ctx, &computepb.StopInstanceRequest{Project: projectID, Zone: homeZone, Instance: "web-1"})
		}, "TERMINATED"},
		{"start by id", func() (*compute.Operation, error) {
			return instances.Start(ctx, &computepb.StartInstanceRequest{Project: projectID, Zone: homeZone, Instance: number(made[0].ID)})
		}, "RUNNING"},
		{"suspend", func() (*compute.Operation, error) {
			return instances.Suspend(ctx, &computepb.SuspendInstanceRequest{Project: projectID, Zone: homeZone, Instance: "web-1"})
		}, "SUSPENDED"},
		{"resume", func() (*compute.Operation, error) {
			return instances.Resume(ctx, &computepb.ResumeInstanceRequest{Project: projectID, Zone: homeZone, Instance: "web-1"})
		}, "RUNNING"},
	}
	for _, step := range steps {
		op, err := step.do()
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if err := op.Wait(ctx); err != nil || !op.Done() {
			t.Fatalf("%s: %v", step.name, err)
		}
		if got := state(); got != step.want {
			t.Errorf("after %s: %s, want %s", step.name, got, step.want)
		}
	}
	_, err = instances.Resume(ctx, &computepb.ResumeInstanceRequest{Project: projectID, Zone: "us-central1-f", Instance: "web-1"})
	wantReason(t, err, 404, "notFound")
	if _, err := c.DeleteVM(projectID, homeZone, "web-1"); err != nil {
		t.Fatal(err)
	}
}

// TestStart_WrongState starts a suspended VM.
func TestStart_WrongState(t *testing.T) {
	c := serve(t, cloudsim.Config{Transition: cloudsim.Immediately})
	made, err := c.CreateVMs(projectID, homeZone, gcp.VMSpec{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.instances(c.http(projectID)).Resume(t.Context(), &computepb.ResumeInstanceRequest{Project: projectID, Zone: homeZone, Instance: made[0].Name})
	if err == nil {
		_, err = c.instances(c.http(projectID)).Suspend(t.Context(), &computepb.SuspendInstanceRequest{Project: projectID, Zone: homeZone, Instance: made[0].Name})
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.instances(c.http(projectID)).Start(t.Context(), &computepb.StartInstanceRequest{Project: projectID, Zone: homeZone, Instance: made[0].Name})
	wantReason(t, err, 400, "invalidState")
}

// TestSQLLifecycle stops and starts a database by its activation policy, in both versions of the
// API.
func TestSQLLifecycle(t *testing.T) {
	c := serve(t, cloudsim.Config{Transition: cloudsim.Immediately})
	made, err := c.CreateSQL(projectID, gcp.SQLSpec{Name: "billing", Labels: map[string]string{"team": "data"}})
	if err != nil {
		t.Fatal(err)
	}
	service := c.sql(c.http(projectID))
	op, err := service.Instances.Patch(projectID, "billing", &sqladmin.DatabaseInstance{Settings: &sqladmin.Settings{ActivationPolicy: "NEVER"}}).Do()
	if err != nil {
		t.Fatal(err)
	}
	if op, err = service.Operations.Get(projectID, op.Name).Do(); err != nil || op.Status != "DONE" {
		t.Errorf("%v, %v", op, err)
	}
	got, err := service.Instances.Get(projectID, "billing").Do()
	if err != nil || got.State != "RUNNABLE" || got.Settings.ActivationPolicy != "NEVER" || got.ConnectionName != projectID+":"+made.Region+":billing" ||
		got.Settings.UserLabels["team"] != "data" || got.Settings.DataDiskSizeGb != int64(made.StorageGB) {
		t.Errorf("%+v, %v", got, err)
	}
	beta, err := sqlbeta.NewService(t.Context(), option.WithHTTPClient(c.http(projectID)), option.WithEndpoint(c.server.URL+"/"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := beta.Instances.Patch(projectID, "billing", &sqlbeta.DatabaseInstance{Settings: &sqlbeta.Settings{ActivationPolicy: "ALWAYS"}}).Do(); err != nil {
		t.Error(err)
	}
	_, err = service.Instances.Get(projectID, "nobody").Do()
	wantReason(t, err, 404, "instanceDoesNotExist")
	var primary gcp.SQLInstance
	for _, d := range c.projectTruth().Databases {
		if len(d.Replicas) > 0 {
			primary = d
		}
	}
	_, err = service.Instances.Patch(projectID, primary.Name, &sqladmin.DatabaseInstance{Settings: &sqladmin.Settings{ActivationPolicy: "NEVER"}}).Do()
	wantReason(t, err, 400, "invalidRequest")
}
