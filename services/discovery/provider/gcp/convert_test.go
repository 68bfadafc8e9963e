package gcp_test

import (
	"reflect"
	"testing"
	"time"

	simgcp "github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

// TestMachineStates checks the state for each status of a VM, and that the status itself is kept.
func TestMachineStates(t *testing.T) {
	t.Parallel()
	c := newCloud(t, simgcp.ProjectPlan{ID: project, Regions: []string{"europe-west1"}, Instances: 10})
	want := map[simgcp.VMState]provider.State{
		simgcp.VMProvisioning: provider.StatePending, simgcp.VMStaging: provider.StatePending, simgcp.VMRunning: provider.StateRunning,
		simgcp.VMStopping: provider.StateStopping, simgcp.VMStopped: provider.StateStopped, simgcp.VMSuspending: provider.StateStopping,
		simgcp.VMSuspended: provider.StateSuspended, simgcp.VMRepairing: provider.StateMaintenance, simgcp.VMTerminated: provider.StateStopped,
		simgcp.VMDeprovisioning: provider.StateStopping,
	}
	truth := c.projectTruth(t)
	states := map[string]simgcp.VMState{}
	for i, state := range simgcp.VMStates {
		if err := c.SetVMState(project, truth.VMs[i].Zone, truth.VMs[i].Name, state); err != nil {
			t.Fatal(err)
		}
		states[truth.VMs[i].Name] = state
	}
	got, err := c.read(c.open(), cloud.VirtualMachine)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, instances := range got.instances {
		for _, i := range instances {
			status, set := states[i.DisplayName]
			if !set {
				continue
			}
			found++
			if i.State != want[simgcp.VMState(i.ProviderState)] || status != simgcp.VMStaging && i.ProviderState != string(status) {
				t.Errorf("%s is %s (%s), want %s", status, i.State, i.ProviderState, want[status])
			}
		}
	}
	if found != len(states) {
		t.Errorf("found %d of %d VMs", found, len(states))
	}
}

// TestDetails reads VMs and databases with all fields, and with few.
func TestDetails(t *testing.T) {
	t.Parallel()
	c := newCloud(t, plan)
	c.proxy.replace("/aggregated/instances", `{"items":{"zones/europe-west1-b":{"instances":[{
		"id":"18446744073709551615","name":"web-1","status":"RUNNING","hostname":"web.example.com",
		"machineType":"https://www.googleapis.com/compute/v1/projects/p/zones/europe-west1-b/machineTypes/n2-standard-4",
		"selfLink":"https://www.googleapis.com/compute/v1/projects/p/zones/europe-west1-b/instances/web-1",
		"creationTimestamp":"2026-01-02T03:04:05.678-07:00","lastStartTimestamp":"2026-02-02T03:04:05.678-07:00",
		"labels":{"team":"data"},"scheduling":{"provisioningModel":"SPOT","preemptible":true},
		"metadata":{"items":[{"key":"created-by","value":"projects/1/zones/europe-west1-b/instanceGroupManagers/web"}]},
		"networkInterfaces":[{"network":"https://www.googleapis.com/compute/v1/projects/p/global/networks/net",
			"subnetwork":"https://www.googleapis.com/compute/v1/projects/p/regions/europe-west1/subnetworks/sub",
			"networkIP":"10.0.0.2","accessConfigs":[{"natIP":"34.1.2.3"}],"ipv6Address":"fd20::1","ipv6AccessConfigs":[{"externalIpv6":"2600::1"}]},
			{"networkIP":"10.0.0.2"}],
		"disks":[{"boot":false,"type":"SCRATCH"},{"boot":true,"architecture":"ARM64","licenses":["https://www.googleapis.com/compute/v1/projects/debian-cloud/global/licenses/debian-12"]}]
	},{
		"id":"7","name":"web-2","scheduling":{"preemptible":true},
		"disks":[{"boot":true,"initializeParams":{"sourceImage":"https://www.googleapis.com/compute/v1/projects/windows-cloud/global/images/windows-2025"},
			"licenses":["https://www.googleapis.com/compute/v1/projects/windows-cloud/global/licenses/windows-server-2025-dc"]}],
		"networkInterfaces":[{"ipv6AccessType":"EXTERNAL","ipv6Address":"2600::2","accessConfigs":[{"externalIpv6":"2600::3"}]}]
	}]}}}`)
	got, err := c.read(c.open(), cloud.VirtualMachine)
	if err != nil {
		t.Fatal(err)
	}
	want := provider.Instance{
		ProviderID: "18446744073709551615", ProviderURI: "https://www.googleapis.com/compute/v1/projects/p/zones/europe-west1-b/instances/web-1",
		DisplayName: "web-1", Region: "europe-west1", Zone: "europe-west1-b", State: provider.StateRunning, ProviderState: "RUNNING",
		MachineType: "n2-standard-4", PrivateIPs: []string{"10.0.0.2", "fd20::1"}, PublicIPs: []string{"34.1.2.3", "2600::1"},
		Labels: map[string]string{"team": "data"}, CreateTime: time.Date(2026, 1, 2, 10, 4, 5, 678e6, time.UTC),
		Machine: &provider.MachineDetails{
			Image: "projects/debian-cloud/global/licenses/debian-12", Architecture: "arm64", Platform: "Linux", Spot: true,
			Network: "projects/p/global/networks/net", Subnet: "projects/p/regions/europe-west1/subnetworks/sub", Hostname: "web.example.com",
			AutoscalingGroup: "web", StartTime: time.Date(2026, 2, 2, 10, 4, 5, 678e6, time.UTC), LocalDisks: 1,
		},
	}
	other := provider.Instance{
		ProviderID: "7", ProviderURI: "https://www.googleapis.com/compute/v1/projects/" + project + "/zones/europe-west1-b/instances/web-2",
		DisplayName: "web-2", Region: "europe-west1", Zone: "europe-west1-b", State: provider.StateUnknown, PublicIPs: []string{"2600::3"},
		Machine: &provider.MachineDetails{Image: "projects/windows-cloud/global/images/windows-2025", Platform: "Windows", Spot: true},
	}
	if i := got.instances[vms("europe-west1-b")]; !reflect.DeepEqual(i, []provider.Instance{want, other}) {
		t.Errorf("got %+v\nwant %+v\nand %+v", i, want, other)
	}

	c.proxy.replace("/v1/projects/"+project+"/instances", `{"kind":"sql#instancesList","items":[{
		"name":"ledger","region":"europe-west1","gceZone":"europe-west1-d","state":"RUNNABLE","connectionName":"p:europe-west1:ledger",
		"databaseVersion":"POSTGRES_16","databaseInstalledVersion":"POSTGRES_16_4","masterInstanceName":"`+project+`:main",
		"createTime":"2026-01-02T03:04:05.678Z","selfLink":"https://sqladmin.googleapis.com/v1/projects/p/instances/ledger",
		"ipAddresses":[{"type":"PRIMARY","ipAddress":"34.1.2.3"},{"type":"OUTGOING","ipAddress":"34.9.9.9"},{"type":"PRIVATE","ipAddress":"10.0.0.3"}],
		"settings":{"tier":"db-f1-micro","activationPolicy":"NEVER","availabilityType":"REGIONAL","dataDiskSizeGb":"100","userLabels":{"team":"data"},
			"ipConfiguration":{"privateNetwork":"projects/p/global/networks/net"}}
	},{"name":"bare","region":"europe-west1","state":"SOMETHING","databaseVersion":"SQLSERVER_2022_STANDARD"}]}`)
	databaseList, err := c.read(c.open(), cloud.Database)
	if err != nil {
		t.Fatal(err)
	}
	wantDatabases := []provider.Instance{
		{
			ProviderID: "p:europe-west1:ledger@2026-01-02T03:04:05.678Z", ProviderURI: "https://sqladmin.googleapis.com/v1/projects/p/instances/ledger",
			DisplayName: "ledger", Region: "europe-west1", Zone: "europe-west1-d", State: provider.StateStopped, ProviderState: "RUNNABLE",
			MachineType: "db-f1-micro", PrivateIPs: []string{"10.0.0.3"}, PublicIPs: []string{"34.1.2.3"}, Labels: map[string]string{"team": "data"},
			CreateTime: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC),
			Database: &provider.DatabaseDetails{
				Engine: "postgres", EngineVersion: "16.4", StorageGiB: 100, Endpoint: "34.1.2.3", Port: 5432, HighAvailability: true,
				ReplicaOf: "main", Network: "projects/p/global/networks/net",
			},
		},
		{
			ProviderID: project + ":europe-west1:bare", ProviderURI: "https://sqladmin.googleapis.com/v1/projects/" + project + "/instances/bare",
			DisplayName: "bare", Region: "europe-west1", State: provider.StateUnknown, ProviderState: "SOMETHING",
			Database: &provider.DatabaseDetails{Engine: "sqlserver", EngineVersion: "2022_STANDARD"},
		},
	}
	if got := databaseList.instances[databases("europe-west1")]; !reflect.DeepEqual(got, wantDatabases) {
		t.Errorf("got %+v, want %+v", got, wantDatabases)
	}
}
