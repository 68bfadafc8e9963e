package aws_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/aws"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providertest"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestProvider(t *testing.T) {
	t.Parallel()
	providertest.Run(t, func(t testing.TB) providertest.Cloud {
		t.Helper()
		return newCloud(t, cloudsim.Config{Transition: cloudsim.Immediately, Clouds: cloudsim.Clouds{simaws.Config{Regions: []string{"us-east-1", "eu-west-1"}, Instances: 60, Databases: 45, Hostile: true}}})
	})
}

// testCloud is a simulated account with a provider that reads it.
type testCloud struct {
	world    *cloudsim.World
	sim      *simaws.Cloud
	proxy    *proxy
	provider *aws.Provider
	id       string
}

func newCloud(t testing.TB, config cloudsim.Config, configure ...func(*aws.Config)) *testCloud {
	t.Helper()
	world := cloudsim.New(config)
	sim := simaws.In(world)
	c := &testCloud{world: world, sim: sim, id: sim.Accounts()[0], proxy: &proxy{next: simaws.NewHandler(world)}}
	server := httptest.NewServer(c.proxy)
	key := sim.Key(c.id)
	awsConfig := aws.Config{
		EndpointURL: server.URL, Region: "us-east-1",
		Keys:     &aws.Keys{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.Secret},
		PageSize: 20, Attempts: 3, AttemptLimit: 2 * time.Second, CallLimit: 5 * time.Second, MaxBackoff: 20 * time.Millisecond,
	}
	for _, change := range configure {
		change(&awsConfig)
	}
	c.provider = aws.New(awsConfig)
	t.Cleanup(func() {
		c.provider.Close()
		server.CloseClientConnections()
		server.Close()
	})
	return c
}

func (c *testCloud) Provider() provider.Provider { return c.provider }

func (c *testCloud) Account() provider.Account {
	return provider.Account{ID: "aws-" + c.id, Provider: cloud.AWS, CloudID: c.id}
}

func (c *testCloud) Credentials() provider.Credentials { return provider.AWSDefault{} }

func (c *testCloud) Truth(t testing.TB) map[provider.ScopeID][]string {
	t.Helper()
	truth, err := c.sim.Truth(c.id)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[provider.ScopeID][]string{}
	for _, machine := range truth.Instances {
		scope := provider.ScopeID{Kind: cloud.VirtualMachine, Location: machine.Region}
		ids[scope] = append(ids[scope], machine.ID)
	}
	for _, database := range truth.Databases {
		scope := provider.ScopeID{Kind: cloud.Database, Location: database.Region}
		ids[scope] = append(ids[scope], database.ResourceID)
	}
	return ids
}

// Remove deletes an instance without a trace.
func (c *testCloud) Remove(t testing.TB, scope provider.ScopeID, id string) {
	t.Helper()
	if scope.Kind == cloud.VirtualMachine {
		if err := c.sim.Vanish(c.id, scope.Location, id); err != nil {
			t.Fatal(err)
		}
		return
	}
	databases, err := c.sim.Databases(c.id, scope.Location)
	for i := range databases {
		if err == nil && databases[i].ResourceID == id {
			_, err = c.sim.DeleteDatabase(c.id, scope.Location, databases[i].ID)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// simulated has the faults that cloudsim supports.
var simulated = map[providertest.Fault]cloudsim.Fault{
	providertest.Denied:      {Kind: cloudsim.AccessDenied},
	providertest.Throttled:   {Kind: cloudsim.Throttle},
	providertest.Down:        {Kind: cloudsim.Drop},
	providertest.Broken:      {Kind: cloudsim.ServerError},
	providertest.Truncated:   {Kind: cloudsim.Truncate},
	providertest.Malformed:   {Kind: cloudsim.Malformed},
	providertest.FailsMidway: {Kind: cloudsim.FailMidway},
	providertest.Endless:     {Kind: cloudsim.EndlessPages},
	providertest.Circular:    {Kind: cloudsim.RepeatToken},
	providertest.Expired:     {Kind: cloudsim.Expired},
	providertest.Revoked:     {Kind: cloudsim.Revoked},
	providertest.Flaky:       {Kind: cloudsim.Drop, Probability: 0.2},
	providertest.FaultyList:  {Kind: cloudsim.Empty},
}

func (c *testCloud) Break(t testing.TB, scope provider.ScopeID, kind providertest.Fault) {
	t.Helper()
	calls := []cloudsim.Call{{Region: scope.Location, Service: "ec2", Action: "DescribeInstances"}}
	switch scope.Kind {
	case cloud.Database:
		calls[0] = cloudsim.Call{Region: scope.Location, Service: "rds", Action: "DescribeDBInstances"}
	case "":
		calls = []cloudsim.Call{{Service: "sts"}, {Service: "ec2", Action: "DescribeRegions"}}
	}
	for _, call := range calls {
		switch kind {
		case providertest.Blank:
			c.proxy.spoil(call, "")
		case providertest.Foreign:
			c.proxy.spoil(call, "<!-- proxy -->\n<html><body>Please sign in</body></html>")
		case providertest.Hung:
			c.world.Inject(cloudsim.Fault{Call: call, Kind: cloudsim.Hang})
		default:
			fault, ok := simulated[kind]
			if !ok {
				t.Fatalf("no fault %s", kind)
			}
			fault.Call = call
			c.world.Inject(fault)
		}
	}
}

// proxy forwards to the cloud, or answers like no cloud does.
type proxy struct {
	next http.Handler

	mu      sync.Mutex
	answers []spoiled
	forms   []url.Values
}

// asked returns the forms of the calls of an action so far.
func (p *proxy) asked(action string) []url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.forms), func(form url.Values) bool { return form.Get("Action") != action })
}

type spoiled struct {
	call   cloudsim.Call
	answer string
}

func (p *proxy) spoil(call cloudsim.Call, answer string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers = append(p.answers, spoiled{call, answer})
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forms = append(p.forms, form)
	for _, s := range p.answers {
		// The credential scope of the signature contains region and service.
		scope := fmt.Sprintf("/%s/%s/", s.call.Region, s.call.Service)
		if strings.Contains(r.Header.Get("Authorization"), strings.ReplaceAll(scope, "//", "/")) &&
			strings.Contains(string(body), "Action="+s.call.Action) {
			fmt.Fprint(w, s.answer)
			return
		}
	}
	p.mu.Unlock()
	defer p.mu.Lock()
	p.next.ServeHTTP(w, r)
}

// Some simulators know only the databases of RDS, not its clusters.
func TestRead_EndpointWithoutClusters(t *testing.T) {
	t.Parallel()
	c := newCloud(t, cloudsim.Config{Clouds: cloudsim.Clouds{simaws.Config{Regions: []string{"us-east-1"}, Databases: 8}}})
	c.world.Inject(cloudsim.Fault{
		Call: cloudsim.Call{Action: "DescribeDBClusters"}, Kind: cloudsim.Respond,
		Status: http.StatusBadRequest, Code: "InvalidAction", Message: "Could not find operation DescribeDBClusters",
	})
	session, err := c.provider.Open(t.Context(), c.Account(), c.Credentials())
	if err != nil {
		t.Fatal(err)
	}
	var seen counter
	if err := session.Read(t.Context(), provider.ScopeID{Kind: cloud.Database, Location: "us-east-1"}, &seen); err != nil || seen.instances != 8 {
		t.Errorf("read %d databases: %v", seen.instances, err)
	}
}
