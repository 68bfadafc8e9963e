package gcp_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simgcp "github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// probe asks for instances of a scope and returns the findings by id.
func probe(t *testing.T, c *testCloud, scope provider.ScopeID, wanted ...provider.Wanted) map[string]provider.Finding {
	t.Helper()
	session, err := c.provider.Open(t.Context(), c.Account(), c.Credentials())
	if err != nil {
		t.Fatal(err)
	}
	findings, err := session.(provider.Prober).Probe(t.Context(), scope, wanted, uncounted{})
	if err != nil || len(findings) != len(wanted) {
		t.Fatalf("%d findings for %d: %v", len(findings), len(wanted), err)
	}
	found := map[string]provider.Finding{}
	for _, finding := range findings {
		found[finding.ProviderID] = finding
	}
	return found
}

// uncounted counts no calls.
type uncounted struct{}

func (uncounted) Called(bool) {}

// TestProbe_Renamed checks that a VM is found by its id under a new name, and that a name which
// another instance has now denies the one that had it before.
func TestProbe_Renamed(t *testing.T) {
	t.Parallel()
	c := newCloud(t, simgcp.ProjectPlan{ID: project, Regions: []string{"europe-west1"}, Instances: 8, Databases: 3})
	truth := c.projectTruth(t)
	vm := truth.VMs[0]
	id := fmt.Sprint(vm.ID)
	found := probe(t, c, provider.ScopeID{Kind: cloud.VirtualMachine, Location: vm.Zone},
		provider.Wanted{ProviderID: id, DisplayName: "a-name-before"},
		provider.Wanted{ProviderID: "12345", DisplayName: vm.Name},
		provider.Wanted{ProviderID: "12346"})
	if found[id].Evidence != provider.Found || found["12345"].Evidence != provider.NotFound || found["12346"].Evidence != provider.NotFound {
		t.Errorf("%+v", found)
	}
	database := truth.Databases[0]
	before := fmt.Sprintf("%s:%s:%s@2001-01-01T00:00:00Z", project, database.Region, database.Name)
	found = probe(t, c, provider.ScopeID{Kind: cloud.Database, Location: database.Region}, provider.Wanted{ProviderID: before})
	if found[before].Evidence != provider.NotFound {
		t.Errorf("%+v", found)
	}
}

// TestProbe_NoProof checks that an answer which is forbidden, or that of a front end which does not
// know the path, does not deny an instance. Cloud SQL answers so for deleted instances.
func TestProbe_NoProof(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]cloudsim.Fault{
		"forbidden":    {Status: http.StatusForbidden, Code: "notAuthorized", Message: "The client is not authorized to make this request."},
		"unknown path": {Status: http.StatusNotFound, Message: "404 page not found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, simgcp.ProjectPlan{ID: project, Regions: []string{"europe-west1"}, Instances: 3, Databases: 3})
			fault.Kind, fault.Call = cloudsim.Respond, cloudsim.Call{Action: "instances.get"}
			c.Inject(fault)
			id := project + ":europe-west1:gone@2001-01-01T00:00:00Z"
			found := probe(t, c, provider.ScopeID{Kind: cloud.Database, Location: "europe-west1"}, provider.Wanted{ProviderID: id})
			if found[id].Evidence != provider.Unlisted {
				t.Errorf("%+v", found)
			}
			found = probe(t, c, provider.ScopeID{Kind: cloud.VirtualMachine, Location: "europe-west1-b"}, provider.Wanted{ProviderID: "12345", DisplayName: "gone"})
			if found["12345"].Evidence != provider.Unlisted {
				t.Errorf("%+v", found)
			}
		})
	}
}

// TestProbe_Unreachable checks that a zone or region that can't be reached proves nothing.
func TestProbe_Unreachable(t *testing.T) {
	t.Parallel()
	c := newCloud(t, simgcp.ProjectPlan{ID: project, Regions: []string{"europe-west1"}, Instances: 3, Databases: 3})
	c.Inject(cloudsim.Fault{Kind: cloudsim.ZoneUnreachable, Call: cloudsim.Call{Region: "europe-west1"}})
	c.Inject(cloudsim.Fault{Kind: cloudsim.ZoneUnreachable, Call: cloudsim.Call{Region: "europe-west1-b"}})
	for scope, ids := range c.Truth(t) {
		if scope.Location != "europe-west1" && scope.Location != "europe-west1-b" {
			continue
		}
		finding := probe(t, c, scope, provider.Wanted{ProviderID: ids[0]})[ids[0]]
		if finding.Evidence != provider.Undecided || finding.Failure.Reason != fault.ReasonUnreachable {
			t.Errorf("%v: %+v", scope, finding)
		}
	}
}
