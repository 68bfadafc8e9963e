package aws_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

// probe asks for instances of a scope.
func probe(t *testing.T, c *testCloud, scope provider.ScopeID, wanted ...provider.Wanted) map[string]provider.Finding {
	t.Helper()
	session, err := c.provider.Open(t.Context(), c.Account(), c.Credentials())
	if err != nil {
		t.Fatal(err)
	}
	findings, err := session.(provider.Prober).Probe(t.Context(), scope, wanted, &counter{})
	if err != nil || len(findings) != len(wanted) {
		t.Fatalf("%d findings for %d: %v", len(findings), len(wanted), err)
	}
	found := map[string]provider.Finding{}
	for _, finding := range findings {
		found[finding.ProviderID] = finding
	}
	return found
}

var machines = provider.ScopeID{Kind: cloud.VirtualMachine, Location: "us-east-1"}

// The ids are unknown, malformed, terminated and existing, and more than fit into one call.
func TestProbe_Machines(t *testing.T) {
	t.Parallel()
	c := newCloud(t, cloudsim.Config{Transition: cloudsim.Immediately, Clouds: cloudsim.Clouds{simaws.Config{Regions: []string{"us-east-1"}, Instances: 150}}})
	truth := c.Truth(t)[machines]
	ended := truth[7]
	if _, err := c.sim.Terminate(c.id, "us-east-1", ended); err != nil {
		t.Fatal(err)
	}
	var wanted []provider.Wanted
	missing := map[string]bool{}
	for i, id := range truth {
		wanted = append(wanted, provider.Wanted{ProviderID: id})
		if i%5 == 0 {
			missing[fmt.Sprintf("i-%017x", i+1)] = true
		}
	}
	missing["i-zz"] = true // malformed
	for id := range missing {
		wanted = append(wanted, provider.Wanted{ProviderID: id})
	}
	found := probe(t, c, machines, wanted...)
	for _, id := range truth {
		want := provider.StateRunning
		if id == ended {
			want = provider.StateTerminated
		}
		if f := found[id]; f.Evidence != provider.Found || f.Instance.ProviderID != id || id == ended && f.Instance.State != want {
			t.Errorf("%s: %+v, want it found, %s", id, f, want)
		}
	}
	for id := range missing {
		if f := found[id]; f.Evidence != provider.NotFound {
			t.Errorf("%s: %+v", id, f)
		}
	}
	if calls := len(c.proxy.asked("DescribeInstances")); calls > 8 {
		t.Errorf("%d calls for %d ids", calls, len(wanted))
	}
}

// AWS rejects one malformed id in each call. After some, the rest is asked for with a filter.
func TestProbe_ManyMalformedIDs(t *testing.T) {
	t.Parallel()
	c := newCloud(t, cloudsim.Config{Clouds: cloudsim.Clouds{simaws.Config{Regions: []string{"us-east-1"}, Instances: 1}}})
	there := c.Truth(t)[machines][0]
	wanted := []provider.Wanted{{ProviderID: there}}
	for i := range 90 {
		wanted = append(wanted, provider.Wanted{ProviderID: fmt.Sprintf("vm-%d", i)})
	}
	count := map[provider.Evidence]int{}
	for _, finding := range probe(t, c, machines, wanted...) {
		count[finding.Evidence]++
	}
	if count[provider.Found] != 1 || count[provider.NotFound] != 3 || count[provider.Unlisted] != 87 {
		t.Errorf("%v", count)
	}
}

func TestProbe_UnknownErrorMessage(t *testing.T) {
	t.Parallel()
	for name, message := range map[string]string{
		"a simulator's": "The instance ID '['i-0aaaaaaaaaaaaaaaa', '%s']' does not exist",
		"none":          "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, cloudsim.Config{Clouds: cloudsim.Clouds{simaws.Config{Regions: []string{"us-east-1"}, Instances: 3}}})
			id := c.Truth(t)[machines][0]
			if message != "" {
				message = fmt.Sprintf(message, id)
			}
			c.world.Inject(cloudsim.Fault{
				Call: cloudsim.Call{Action: "DescribeInstances"}, Kind: cloudsim.Respond, Count: 1,
				Status: http.StatusBadRequest, Code: "InvalidInstanceID.NotFound", Message: message,
			})
			found := probe(t, c, machines, provider.Wanted{ProviderID: id}, provider.Wanted{ProviderID: "i-0aaaaaaaaaaaaaaaa"})
			if found[id].Evidence != provider.Found || found["i-0aaaaaaaaaaaaaaaa"].Evidence != provider.Unlisted {
				t.Errorf("%+v", found)
			}
		})
	}
}

// An endpoint without filters, or one that rejects whole lists, is asked by name. If the name belongs
// to another database now, the first one is gone.
func TestProbe_DatabasesByName(t *testing.T) {
	t.Parallel()
	for code, status := range map[string]int{"InvalidParameterValue": http.StatusBadRequest, "DBInstanceNotFound": http.StatusNotFound} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			testFindDatabasesByName(t, code, status)
		})
	}
}

func testFindDatabasesByName(t *testing.T, code string, status int) {
	t.Helper()
	c := newCloud(t, cloudsim.Config{Clouds: cloudsim.Clouds{simaws.Config{Regions: []string{"us-east-1"}, Databases: 5}}})
	databases, err := c.sim.Databases(c.id, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	c.world.Inject(cloudsim.Fault{
		Call: cloudsim.Call{Action: "DescribeDBInstances"}, Kind: cloudsim.Respond, Count: 1,
		Status: status, Code: code, Message: "nothing for the filter dbi-resource-id",
	})
	there := databases[0]
	scope := provider.ScopeID{Kind: cloud.Database, Location: "us-east-1"}
	found := probe(t, c, scope,
		provider.Wanted{ProviderID: there.ResourceID, DisplayName: there.ID},
		provider.Wanted{ProviderID: "db-GONE", DisplayName: "gone"},
		provider.Wanted{ProviderID: "db-BEFORE", ProviderURI: there.ARN})
	if found[there.ResourceID].Evidence != provider.Found || found["db-GONE"].Evidence != provider.NotFound || found["db-BEFORE"].Evidence != provider.NotFound {
		t.Errorf("%+v", found)
	}
	// A database whose id is its ARN is asked for by the name in it.
	if found = probe(t, c, scope, provider.Wanted{ProviderID: "arn:aws:rds:us-east-1:100000000001:db:nothing"}); len(found) != 1 {
		t.Fatal(found)
	}
	for _, finding := range found {
		if finding.Evidence != provider.NotFound {
			t.Errorf("%+v", finding)
		}
	}
}

func TestProbe_ManyDatabasesAreOnlyUnlisted(t *testing.T) {
	t.Parallel()
	c := newCloud(t, cloudsim.Config{Clouds: cloudsim.Clouds{simaws.Config{Regions: []string{"us-east-1"}, Databases: 1}}})
	var wanted []provider.Wanted
	for i := range 230 {
		wanted = append(wanted, provider.Wanted{ProviderID: fmt.Sprintf("db-%d", i), DisplayName: fmt.Sprintf("db-%d", i)})
	}
	count := map[provider.Evidence]int{}
	for _, finding := range probe(t, c, provider.ScopeID{Kind: cloud.Database, Location: "us-east-1"}, wanted...) {
		count[finding.Evidence]++
	}
	if count[provider.NotFound] != 30 || count[provider.Unlisted] != 200 {
		t.Errorf("%v", count)
	}
	if calls := len(c.proxy.asked("DescribeDBInstances")); calls != 33 {
		t.Errorf("%d calls", calls)
	}
}
