package gcp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simgcp "github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// TestProbe_RenamedAndOmitted checks that a renamed VM which a list omits by mistake is not denied by
// another VM with its old name.
func TestProbe_RenamedAndOmitted(t *testing.T) {
	t.Parallel()
	c := newCloud(t, simgcp.ProjectPlan{ID: project, Regions: []string{"europe-west1"}, Instances: 8})
	truth := c.projectTruth(t)
	vm, other := truth.VMs[0], ""
	for _, one := range truth.VMs[1:] {
		if one.Zone == vm.Zone {
			other = one.Name
		}
	}
	if other == "" {
		t.Fatal("there is no other VM in the zone")
	}
	c.proxy.replace("/zones/"+vm.Zone+"/instances", `{"kind":"compute#instanceList"}`)
	id := fmt.Sprint(vm.ID)
	found := probe(t, c, vms(vm.Zone), provider.Wanted{ProviderID: id, DisplayName: other})
	if found[id].Evidence != provider.Found || found[id].Instance.DisplayName != vm.Name {
		t.Errorf("%+v", found[id])
	}
}

// TestProbe_NoLists checks that single instances are probed if a server supports no lists or no
// filters, and that one without an answer stays undecided.
func TestProbe_NoLists(t *testing.T) {
	t.Parallel()
	c := newCloud(t, simgcp.ProjectPlan{ID: project, Regions: []string{"europe-west1"}, Instances: 8, Databases: 3})
	truth := c.projectTruth(t)
	vm := truth.VMs[0]
	c.proxy.reject("/compute/v1/projects/" + project + "/zones/" + vm.Zone + "/instances")
	wanted := []provider.Wanted{{ProviderID: fmt.Sprint(vm.ID), DisplayName: vm.Name}, {ProviderID: "12345", DisplayName: "gone"}}
	found := probe(t, c, vms(vm.Zone), wanted...)
	if found[wanted[0].ProviderID].Evidence != provider.Found || found["12345"].Evidence != provider.NotFound {
		t.Errorf("%+v", found)
	}
	c.Inject(cloudsim.Fault{Kind: cloudsim.Respond, Status: 404, Message: "404 page not found", Call: cloudsim.Call{Action: "instances.get"}})
	for id, finding := range probe(t, c, vms(vm.Zone), wanted...) {
		if finding.Evidence != provider.Undecided || finding.Failure.Reason != fault.ReasonInternal {
			t.Errorf("%s has no answer: %+v", id, finding)
		}
	}
}

// TestProbe_DatabaseWithoutTime checks that a database whose creation time is missing from an answer
// is not taken for another one.
func TestProbe_DatabaseWithoutTime(t *testing.T) {
	t.Parallel()
	c := newCloud(t, simgcp.ProjectPlan{ID: project, Regions: []string{"europe-west1"}, Databases: 3})
	for scope, ids := range c.Truth(t) {
		if scope.Kind != cloud.Database || len(ids) == 0 {
			continue
		}
		connection, _, _ := strings.Cut(ids[0], "@")
		name := connection[strings.LastIndexByte(connection, ':')+1:]
		timeless := fmt.Sprintf(`{"kind":"sql#instance","name":%q,"region":%q,"connectionName":%q}`, name, scope.Location, connection)
		c.proxy.replace("/instances", `{"kind":"sql#instancesList","items":[`+timeless+`]}`)
		c.proxy.replace("/instances/"+name, timeless)
		if finding := probe(t, c, scope, provider.Wanted{ProviderID: ids[0], DisplayName: name})[ids[0]]; finding.Evidence != provider.Undecided || finding.Failure == nil {
			t.Errorf("%+v", finding)
		}
	}
}

// TestProbe_StopsAfterFailure checks that after a failed probe of a single instance no other one is
// tried, and that none of them is taken for gone.
func TestProbe_StopsAfterFailure(t *testing.T) {
	t.Parallel()
	const attempts = 3 // newCloud's
	for _, scope := range []provider.ScopeID{vms("europe-west1-b"), databases("europe-west1")} {
		c := newCloud(t, simgcp.ProjectPlan{ID: project, Regions: []string{"europe-west1"}, Instances: 3, Databases: 3})
		get := cloudsim.Call{Action: "instances.get"}
		c.Inject(cloudsim.Fault{Kind: cloudsim.Respond, Status: 503, Message: "Service Unavailable", Call: get})
		var wanted []provider.Wanted
		for n := range 5 {
			wanted = append(wanted, provider.Wanted{
				ProviderID: map[cloud.Kind]string{
					cloud.VirtualMachine: fmt.Sprint(12345 + n),
					cloud.Database:       fmt.Sprintf("%s:europe-west1:gone-%d@2001-01-01T00:00:00Z", project, n),
				}[scope.Kind],
				DisplayName: fmt.Sprintf("gone-%d", n),
			})
		}
		for id, finding := range probe(t, c, scope, wanted...) {
			if finding.Evidence != provider.Undecided || finding.Failure.Reason != fault.ReasonUnreachable {
				t.Errorf("%s: %+v", id, finding)
			}
		}
		if got := c.Requests(get).Requests; got != attempts {
			t.Errorf("%v: %d requests for single instances, want %d", scope, got, attempts)
		}
	}
}
