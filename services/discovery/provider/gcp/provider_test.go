package gcp_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simgcp "github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/gcp"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providertest"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
	"github.com/rollcall-dev/rollcall/services/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const project = "data-analytics-prod"

func TestProvider(t *testing.T) {
	t.Parallel()
	providertest.Run(t, func(t testing.TB) providertest.Cloud {
		t.Helper()
		return newCloudIn(t, cloudsim.Config{Transition: cloudsim.Immediately, Clouds: cloudsim.Clouds{simgcp.Config{Projects: []simgcp.ProjectPlan{{
			ID: project, Regions: []string{"us-central1", "europe-west1"}, Instances: 45, Databases: 45, Hostile: true,
		}}}}})
	})
}

// testCloud is a simulated project with a provider that reads it. The server issues key files. The
// provider sends its requests to a proxy in front of the simulator.
type testCloud struct {
	*cloudsim.World
	*simgcp.Cloud
	t        testing.TB
	server   *simgcp.Server
	proxy    *proxy
	url      string
	hosts    keyfile.Hosts
	provider *gcp.Provider
	key      provider.GCPServiceAccountKey
}

func newCloud(t testing.TB, plan simgcp.ProjectPlan, configure ...func(*gcp.Config)) *testCloud {
	t.Helper()
	return newCloudIn(t, cloudsim.Config{Clouds: cloudsim.Clouds{simgcp.Config{Projects: []simgcp.ProjectPlan{plan, {ID: "other-project"}}}}}, configure...)
}

// newCloudIn returns a provider for the first project of a world.
func newCloudIn(t testing.TB, worldConfig cloudsim.Config, configure ...func(*gcp.Config)) *testCloud {
	t.Helper()
	world := cloudsim.New(worldConfig)
	plan := worldConfig.Clouds[0].(simgcp.Config).Projects[0]
	server, err := simgcp.Serve(world)
	if err != nil {
		t.Fatal(err)
	}
	c := &testCloud{World: world, Cloud: simgcp.In(world), t: t, server: server, proxy: &proxy{next: simgcp.NewHandler(world)}}
	front := httptest.NewServer(c.proxy)
	c.url = front.URL
	config := gcp.Config{
		ComputeEndpoint: front.URL + "/compute/v1/", SQLEndpoint: front.URL, IAMEndpoint: front.URL,
		PageSize: 20, Attempts: 3, AttemptLimit: time.Second, CallLimit: 4 * time.Second, MaxBackoff: 20 * time.Millisecond,
	}
	if config.TokenHosts, err = keyfile.NewHosts(strings.TrimPrefix(front.URL, "http://"), strings.TrimPrefix(server.URL, "http://")); err != nil {
		t.Fatal(err)
	}
	c.hosts = config.TokenHosts
	for _, change := range configure {
		change(&config)
	}
	if c.provider, err = gcp.New(config); err != nil {
		t.Fatal(err)
	}
	c.key = provider.GCPServiceAccountKey{JSON: secret.New(string(c.keyFile(plan.ID)))}
	t.Cleanup(func() {
		c.provider.Close()
		front.CloseClientConnections()
		front.Close()
		_ = server.Close()
	})
	return c
}

// keyFile returns the key file of a project, with the token endpoint of the proxy.
func (c *testCloud) keyFile(project string) []byte {
	c.t.Helper()
	key, err := c.server.KeyJSON(project)
	if err != nil {
		c.t.Fatal(err)
	}
	return []byte(strings.ReplaceAll(string(key), c.server.URL, c.url))
}

func (c *testCloud) Provider() provider.Provider { return c.provider }

func (c *testCloud) Account() provider.Account {
	return provider.Account{ID: "gcp-" + project, Provider: cloud.GCP, CloudID: project}
}

func (c *testCloud) Credentials() provider.Credentials { return c.key }

func (c *testCloud) Region(location string) string {
	if strings.Count(location, "-") == 2 {
		return simgcp.RegionOfZone(location)
	}
	return location
}

// Shared reports whether two scopes have one listing. Cloud SQL lists all regions at once.
func (c *testCloud) Shared(one, other provider.ScopeID) bool {
	return one.Kind == cloud.Database && other.Kind == cloud.Database
}

// projectTruth returns what exists.
func (c *testCloud) projectTruth(t testing.TB) simgcp.Truth {
	t.Helper()
	truth, err := c.Cloud.Truth(project)
	if err != nil {
		t.Fatal(err)
	}
	return truth
}

func (c *testCloud) Truth(t testing.TB) map[provider.ScopeID][]string {
	t.Helper()
	truth := c.projectTruth(t)
	ids := map[provider.ScopeID][]string{}
	for _, vm := range truth.VMs {
		scope := provider.ScopeID{Kind: cloud.VirtualMachine, Location: vm.Zone}
		ids[scope] = append(ids[scope], fmt.Sprint(vm.ID))
	}
	for _, d := range truth.Databases {
		scope := provider.ScopeID{Kind: cloud.Database, Location: d.Region}
		ids[scope] = append(ids[scope], fmt.Sprintf("%s:%s:%s@%s", project, d.Region, d.Name, d.Created.Format(time.RFC3339Nano)))
	}
	return ids
}

// Remove removes an instance without a trace.
func (c *testCloud) Remove(t testing.TB, scope provider.ScopeID, id string) {
	t.Helper()
	truth, err := c.Cloud.Truth(project)
	for i := range truth.VMs {
		if vm := &truth.VMs[i]; err == nil && scope.Kind == cloud.VirtualMachine && fmt.Sprint(vm.ID) == id {
			_, err = c.DeleteVM(project, vm.Zone, vm.Name)
		}
	}
	for i := range truth.Databases {
		d := &truth.Databases[i]
		if err == nil && scope.Kind == cloud.Database && strings.HasPrefix(id, project+":"+d.Region+":"+d.Name+"@") {
			err = c.DeleteSQL(project, d.Name)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// simulatedFaults are the faults that cloudsim can inject.
var simulatedFaults = map[providertest.Fault]cloudsim.Fault{
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
	providertest.Hung:        {Kind: cloudsim.Hang},
	providertest.FaultyList:  {Kind: cloudsim.Empty},
}

func (c *testCloud) Break(t testing.TB, scope provider.ScopeID, kind providertest.Fault) {
	t.Helper()
	call, path := cloudsim.Call{Service: "compute", Action: "instances.list", Region: scope.Location}, "/zones/"+scope.Location+"/instances"
	switch scope.Kind {
	case cloud.Database:
		call, path = cloudsim.Call{Service: "sqladmin", Action: "instances.list"}, "/v1/projects/"+project+"/instances"
	case "":
		call, path = cloudsim.Call{Service: "oauth2"}, "/token"
	}
	switch kind {
	case providertest.Blank:
		c.proxy.replace(path, "")
	case providertest.Foreign:
		c.proxy.replace(path, "<!-- proxy -->\n<html><body>Please sign in</body></html>")
	default:
		fault, ok := simulatedFaults[kind]
		if !ok {
			t.Fatalf("no fault %s", kind)
		}
		fault.Call = call
		c.Inject(fault)
	}
}

// proxy is a handler in front of the cloud that replaces answers with ones that no cloud sends.
type proxy struct {
	next http.Handler

	mu       sync.Mutex
	answers  map[string]string // by the end of the path
	rejected []string          // paths
	requests []string
}

// reject makes the proxy answer that it does not know a path.
func (p *proxy) reject(path string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rejected = append(p.rejected, path)
}

// replace replaces the answers of paths that end so.
func (p *proxy) replace(path, answer string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answers == nil {
		p.answers = map[string]string{}
	}
	p.answers[path] = answer
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.requests = append(p.requests, r.URL.String())
	if slices.Contains(p.rejected, r.URL.Path) {
		p.mu.Unlock()
		http.NotFound(w, r)
		return
	}
	for path, answer := range p.answers {
		if strings.HasSuffix(r.URL.Path, path) {
			p.mu.Unlock()
			w.Header().Set("Content-Type", "application/json")
			// Like Google, send only the requested fields.
			if fields := r.URL.Query().Get("fields"); fields != "" {
				if part, err := simgcp.Partial([]byte(answer), fields); err == nil {
					answer = string(part)
				}
			}
			fmt.Fprint(w, answer)
			return
		}
	}
	p.mu.Unlock()
	p.next.ServeHTTP(w, r)
}
