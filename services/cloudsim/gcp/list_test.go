package gcp_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/api/iterator"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
)

// TestAggregatedList_MatchesTruth reads a hostile project page by page, and compares each VM with
// the state of the cloud.
func TestAggregatedList_MatchesTruth(t *testing.T) {
	c := serve(t, cloudsim.Config{Clouds: cloudsim.Clouds{gcp.Config{Projects: []gcp.ProjectPlan{{ID: projectID, Instances: 40, Hostile: true}}}}})
	got, err := c.aggregate(c.http(projectID), &computepb.AggregatedListInstancesRequest{MaxResults: proto.Uint32(37)})
	if err != nil {
		t.Fatal(err)
	}
	truth := c.projectTruth()
	if len(got.vms) != len(truth.VMs) || got.repeats > 0 || len(truth.VMs) < 250 {
		t.Errorf("%d VMs, %d repeated, want %d", len(got.vms), got.repeats, len(truth.VMs))
	}
	if want := (len(truth.VMs) + 36) / 37; got.pages != want {
		t.Errorf("%d pages, want %d", got.pages, want)
	}
	states := map[string]bool{}
	for _, want := range truth.VMs {
		vm := got.vms[want.ID]
		states[vm.GetStatus()] = true
		prefix := "https://www.googleapis.com/compute/v1/projects/" + projectID + "/zones/" + want.Zone
		created, err := time.Parse(time.RFC3339, vm.GetCreationTimestamp())
		if vm.GetName() != want.Name || vm.GetStatus() != string(want.State) || got.zoneOf[want.ID] != "zones/"+want.Zone ||
			vm.GetSelfLink() != prefix+"/instances/"+want.Name || vm.GetMachineType() != prefix+"/machineTypes/"+want.Type ||
			err != nil || !created.Equal(want.Created.Truncate(time.Millisecond)) {
			t.Errorf("got %v, want %+v", vm, want)
		}
		for _, label := range want.Labels {
			if vm.GetLabels()[label.Key] != label.Value {
				t.Errorf("%s: label %q is %q, want %q", want.Name, label.Key, vm.GetLabels()[label.Key], label.Value)
			}
		}
		if want.Bare {
			continue
		}
		nic := vm.GetNetworkInterfaces()[0]
		if nic.GetNetworkIP() != want.PrivateIP.String() || (want.Spot && !vm.GetScheduling().GetPreemptible()) ||
			!strings.Contains(vm.GetDisks()[0].GetLicenses()[0], want.Image.License) {
			t.Errorf("%s: %v", want.Name, vm)
		}
		group := slices.ContainsFunc(vm.GetMetadata().GetItems(), func(i *computepb.Items) bool {
			return i.GetKey() == "created-by" && strings.HasSuffix(i.GetValue(), "/instanceGroupManagers/"+want.Group)
		})
		if group != (want.Group != "") {
			t.Errorf("%s: created by %q, metadata %v", want.Name, want.Group, vm.GetMetadata())
		}
	}
	for _, state := range []string{"RUNNING", "TERMINATED", "SUSPENDED", "REPAIRING"} {
		if !states[state] {
			t.Errorf("no VM is %s", state)
		}
	}
}

// TestStates lists a VM and a database in every state.
func TestStates(t *testing.T) {
	c := serve(t, cloudsim.Config{Transition: time.Hour})
	vms := c.projectTruth().VMs
	for i, state := range gcp.VMStates {
		if err := c.SetVMState(projectID, vms[i].Zone, vms[i].Name, state); err != nil {
			t.Fatal(err)
		}
	}
	got, err := c.aggregate(c.http(projectID), &computepb.AggregatedListInstancesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for i, state := range gcp.VMStates {
		if got.vms[vms[i].ID].GetStatus() != string(state) {
			t.Errorf("got %v, want %s", got.vms[vms[i].ID], state)
		}
	}
	databases := c.projectTruth().Databases
	for i, state := range gcp.SQLStates {
		if err := c.SetSQLState(projectID, databases[i].Name, state); err != nil {
			t.Fatal(err)
		}
		one, err := c.sql(c.http(projectID)).Instances.Get(projectID, databases[i].Name).Do()
		if err != nil || one.State != string(state) {
			t.Errorf("got %v (%v), want %s", one, err, state)
		}
	}
}

// TestAggregatedList_UnreachableZone checks that a list with partial success names the zone, and
// that a list without it fails.
func TestAggregatedList_UnreachableZone(t *testing.T) {
	c := serve(t, cloudsim.Config{})
	defer c.Inject(cloudsim.Fault{Kind: cloudsim.ZoneUnreachable, Call: cloudsim.Call{Region: homeZone}})()
	client := c.http(projectID)
	_, err := c.aggregate(client, &computepb.AggregatedListInstancesRequest{})
	wantReason(t, err, 503, "backendError")

	client.Transport = partialSuccess{client.Transport}
	got, err := c.aggregate(client, &computepb.AggregatedListInstancesRequest{MaxResults: proto.Uint32(4)})
	if err != nil {
		t.Fatal(err)
	}
	if !got.unreachable["zones/"+homeZone] || got.warnings["zones/"+homeZone] != "UNREACHABLE" || len(got.vms) != 15 {
		t.Errorf("%d VMs, unreachable %v, warnings %v", len(got.vms), got.unreachable, got.warnings)
	}
	_, err = c.instances(client).List(t.Context(), &computepb.ListInstancesRequest{Project: projectID, Zone: homeZone}).Next()
	wantReason(t, err, 503, "backendError")
}

// TestAggregatedList_EmptyScopes checks that empty zones have a warning, and with includeAllScopes
// the other scopes too.
func TestAggregatedList_EmptyScopes(t *testing.T) {
	c := serve(t, cloudsim.Config{})
	got, err := c.aggregate(c.http(projectID), &computepb.AggregatedListInstancesRequest{})
	if err != nil || got.warnings["zones/europe-west1-b"] != "NO_RESULTS_ON_PAGE" || got.warnings["global"] != "" {
		t.Errorf("%v, %v", got.warnings, err)
	}
	got, err = c.aggregate(c.http(projectID), &computepb.AggregatedListInstancesRequest{IncludeAllScopes: proto.Bool(true)})
	if err != nil || got.warnings["global"] != "NO_RESULTS_ON_PAGE" || got.warnings["regions/us-central1"] != "NO_RESULTS_ON_PAGE" {
		t.Errorf("%v, %v", got.warnings, err)
	}
}

// TestPages_AreStable reads page by page while VMs come and go. VMs that exist all the time are
// read once.
func TestPages_AreStable(t *testing.T) {
	c := serve(t, cloudsim.Config{Transition: cloudsim.Immediately, Clouds: cloudsim.Clouds{gcp.Config{Projects: []gcp.ProjectPlan{{ID: projectID, Instances: 40, Regions: []string{"us-central1"}}}}}})
	before := c.projectTruth()
	client := c.http(projectID)
	client.Transport = partialSuccess{client.Transport}
	it := c.instances(client).AggregatedList(t.Context(), &computepb.AggregatedListInstancesRequest{Project: projectID, MaxResults: proto.Uint32(9)})
	times := map[uint64]int{}
	var page any
	for {
		pair, err := it.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if it.Response != page {
			page = it.Response
			c.Churn(20)
		}
		for _, vm := range pair.Value.GetInstances() {
			times[vm.GetId()]++
		}
	}
	after, stayed := c.projectTruth(), 0
	for _, vm := range before.VMs {
		if times[vm.ID] > 1 {
			t.Errorf("%s was read %d times", vm.Name, times[vm.ID])
		}
		if still, ok := after.VM(vm.Zone, vm.Name); ok && still.ID == vm.ID {
			stayed++
			if times[vm.ID] != 1 {
				t.Errorf("%s was there all the time and was read %d times", vm.Name, times[vm.ID])
			}
		}
	}
	if stayed == 0 || stayed == len(before.VMs) {
		t.Errorf("%d of %d VMs stayed: the test proves nothing", stayed, len(before.VMs))
	}
}

func TestFilters(t *testing.T) {
	c := serve(t, cloudsim.Config{Clouds: cloudsim.Clouds{gcp.Config{Projects: []gcp.ProjectPlan{{ID: projectID, Instances: 30}}}}})
	vms := c.projectTruth().VMs
	for text, match := range map[string]func(gcp.VM) bool{
		"status = RUNNING":                          func(m gcp.VM) bool { return m.State == gcp.VMRunning },
		"status != RUNNING":                         func(m gcp.VM) bool { return m.State != gcp.VMRunning },
		`name = "` + vms[3].Name + `"`:              func(m gcp.VM) bool { return m.Name == vms[3].Name },
		"(labels.env eq prod) (labels.team = data)": func(m gcp.VM) bool { return m.Label("env") == "prod" && m.Label("team") == "data" },
		"labels.team:*":                             func(m gcp.VM) bool { return m.Label("team") != "" },
		"name:web*":                                 func(m gcp.VM) bool { return strings.HasPrefix(m.Name, "web") },
	} {
		want := 0
		for _, m := range vms {
			if match(m) {
				want++
			}
		}
		got, err := c.aggregate(c.http(projectID), &computepb.AggregatedListInstancesRequest{Filter: &text})
		if err != nil || len(got.vms) != want || want == 0 {
			t.Errorf("%s: %d VMs (%v), want %d", text, len(got.vms), err, want)
		}
	}
	_, err := c.aggregate(c.http(projectID), &computepb.AggregatedListInstancesRequest{Filter: proto.String("colour = red")})
	wantReason(t, err, 400, "invalid")
	_, err = c.aggregate(c.http(projectID), &computepb.AggregatedListInstancesRequest{MaxResults: proto.Uint32(501)})
	wantReason(t, err, 400, "invalid")
	_, err = c.aggregate(c.http(projectID), &computepb.AggregatedListInstancesRequest{PageToken: proto.String("no")})
	wantReason(t, err, 400, "invalid")
}

// TestSQLPages reads Cloud SQL page by page through the paths of both versions, with an unreachable
// region.
func TestSQLPages(t *testing.T) {
	c := serve(t, cloudsim.Config{Clouds: cloudsim.Clouds{gcp.Config{Projects: []gcp.ProjectPlan{{ID: projectID, Databases: 30, Regions: []string{"us-central1", "europe-west1"}}}}}})
	service := c.sql(c.http(projectID))
	read := func() (names []string, warned []string) {
		err := service.Instances.List(projectID).MaxResults(7).Pages(t.Context(), func(page *sqlPage) error {
			for _, instance := range page.Items {
				names = append(names, instance.Name)
			}
			for _, warning := range page.Warnings {
				warned = append(warned, warning.Code+" "+warning.Region)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return names, warned
	}
	var want, elsewhere []string
	for _, d := range c.projectTruth().Databases {
		want = append(want, d.Name)
		if d.Region != "europe-west1" {
			elsewhere = append(elsewhere, d.Name)
		}
	}
	for _, base := range []string{c.server.URL + "/"} {
		service.BasePath = base
		if names, warned := read(); !slices.Equal(names, want) || warned != nil {
			t.Errorf("%d names (%v), want %d", len(names), warned, len(want))
		}
	}
	defer c.Inject(cloudsim.Fault{Kind: cloudsim.ZoneUnreachable, Call: cloudsim.Call{Region: "europe-west1"}})()
	if names, warned := read(); !slices.Equal(names, elsewhere) || !slices.Contains(warned, "REGION_UNREACHABLE europe-west1") {
		t.Errorf("%d names (%v), want %d", len(names), warned, len(elsewhere))
	}
}
