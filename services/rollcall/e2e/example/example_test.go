// Package example proves docs/howto/add-a-provider.md: the example cloud is read, filtered, started
// and stopped through all services, which know it by its registration alone.
package example

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/migrations"
	accountsapp "github.com/rollcall-dev/rollcall/services/accounts/app"
	sim "github.com/rollcall-dev/rollcall/services/cloudsim/example"
	discoveryapp "github.com/rollcall-dev/rollcall/services/discovery/app"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	exampleprovider "github.com/rollcall-dev/rollcall/services/discovery/provider/example"
	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	gatewayapp "github.com/rollcall-dev/rollcall/services/gateway/app"
	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/example"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
	inventoryapp "github.com/rollcall-dev/rollcall/services/inventory/app"
)

func TestMain(m *testing.M) {
	registry.Register(example.Descriptor())
	dbtest.Main(m)
}

const (
	account = "acme-prod"
	key     = "hush-hush-hush"
	// patience bounds every wait.
	patience = 30 * time.Second
)

// TestExample_ThroughAllServices creates an account of the example cloud over REST, reads it, and
// starts and stops its instances.
func TestExample_ThroughAllServices(t *testing.T) {
	world := sim.New(sim.Config{Account: account, Key: key, PerScope: 3, Job: 10 * time.Millisecond, Now: time.Now})
	api := httptest.NewServer(world)
	t.Cleanup(api.Close)
	c := start(t, api.URL)

	created := c.call("POST", "/v1/accounts", `{"example": {"accountId": "acme-prod", "apiKey": {"name": "ci", "key": "`+key+`"}}}`)
	if created["name"] != "accounts/example-acme-prod" || created["provider"] != "EXAMPLE" {
		t.Fatalf("created %v", created)
	}
	c.waitFor("the first sync", func() bool {
		listed := c.call("GET", "/v1/accounts?filter="+url.QueryEscape(`provider = EXAMPLE AND example.account_id = "acme-prod" AND connection.status = CONNECTED`), "")
		return listed["totalSize"] == 1.0
	})

	for filter, want := range map[string]float64{
		`provider = EXAMPLE`: 15, `provider = AWS`: 0,
		`kind = VIRTUAL_MACHINE`: 9, `kind = DATABASE AND provider = EXAMPLE`: 6,
		`location.region = "north"`: 9, `location.zone = "b-north"`: 3,
		`state = RUNNING AND labels.team = "data"`: 15, `machine_type = "small" AND database.engine = "store"`: 6,
	} {
		listed := c.call("GET", "/v1/instances?filter="+url.QueryEscape(filter), "")
		if got, _ := listed["totalSize"].(float64); got != want {
			t.Errorf("%s lists %v instances, want %v", filter, listed["totalSize"], want)
		}
		if unreachable, _ := listed["unreachable"].([]any); len(unreachable) > 0 {
			t.Errorf("%s: unreachable %v", filter, unreachable)
		}
	}

	// A filter on a region is not answered for a zone of it that can't be read, and only that one.
	world.Break(sim.Servers, "b-north", "broken")
	c.call("POST", "/v1/accounts/example-acme-prod:sync", `{}`)
	c.waitFor("the failed scope", func() bool {
		return c.unreachable(`location.region = "north"`) == "scopes/example-acme-prod~virtual-machine~b-north"
	})
	if got := c.unreachable(`location.region = "south"`); got != "" {
		t.Errorf("south is unreachable: %s", got)
	}
	if got := c.unreachable(`location.zone = "a-north"`); got != "" {
		t.Errorf("a-north is unreachable: %s", got)
	}

	for _, kind := range []string{sim.Servers, sim.Stores} {
		id := first(world, kind)
		for _, step := range []struct{ verb, state, there string }{{"stop", "STOPPED", sim.Down}, {"start", "RUNNING", sim.Up}} {
			asked := c.call("POST", "/v1/instances/"+id+":"+step.verb, `{}`)
			name, _ := asked["name"].(string)
			ended := c.call("POST", "/v1/"+name+":wait", `{"timeout": "25s"}`)
			if ended["done"] != true || ended["error"] != nil {
				t.Fatalf("%s %s ended as %v", step.verb, id, ended)
			}
			if got := c.call("GET", "/v1/instances:lookup?providerId="+id, "")["state"]; got != step.state {
				t.Errorf("after the %s the inventory has %s %v", step.verb, id, got)
			}
			if got := state(world, id); got != step.there {
				t.Errorf("after the %s the cloud has %s %s", step.verb, id, got)
			}
		}
	}
	if strings.Contains(c.seen.String(), key) {
		t.Error("an answer has the API key")
	}
}

func first(world *sim.Cloud, kind string) string {
	for _, r := range world.All() {
		if r.Kind == kind && r.Region == "north" && r.Zone != "b-north" {
			return r.ID
		}
	}
	return ""
}

func state(world *sim.Cloud, id string) string {
	for _, r := range world.All() {
		if r.ID == id {
			return r.State
		}
	}
	return "gone"
}

// client calls the REST API of the gateway.
type client struct {
	t    *testing.T
	web  string
	http *http.Client
	seen bytes.Buffer
}

// call makes a call that must succeed, and returns the answer.
func (c *client) call(method, path, body string) map[string]any {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, c.web+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		c.t.Fatalf("%s %s: HTTP %d %s %v", method, path, response.StatusCode, text, err)
	}
	c.seen.Write(text)
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil {
		c.t.Fatal(err)
	}
	return answer
}

// unreachable returns the scopes that a list can't vouch for.
func (c *client) unreachable(filter string) string {
	c.t.Helper()
	listed := c.call("GET", "/v1/instances?filter="+url.QueryEscape(filter), "")
	names, _ := listed["unreachable"].([]any)
	var all []string
	for _, name := range names {
		text, _ := name.(string)
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func (c *client) waitFor(what string, done func() bool) {
	c.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); ; {
		if done() {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			c.t.Fatalf("%s did not come", what)
		}
	}
}

// start starts the four services, with the example cloud at an endpoint.
func start(t *testing.T, endpoint string) *client {
	t.Helper()
	quiet := serve.Logging{Level: 12, Out: io.Discard}
	discoveryKey := auth.NewKey()
	accounts := accountsapp.Config{
		DatabaseURL: database(t, "accounts"), GRPC: serve.Pipe(), Internal: serve.Pipe(), DiscoveryKey: discoveryKey, Logging: quiet,
		KeysetFile: filepath.Join(t.TempDir(), "keyset.json"),
	}
	inventory := inventoryapp.Config{
		DatabaseURL: database(t, "inventory"), GRPC: serve.Pipe(), Internal: serve.Pipe(), DiscoveryKey: discoveryKey, Logging: quiet,
	}
	discovery := discoveryapp.Config{
		DatabaseURL: database(t, "discovery"), GRPC: serve.Pipe(), DiscoveryKey: discoveryKey, Logging: quiet,
		Accounts: accounts.Internal, Inventory: inventory.Internal,
		Providers: map[cloud.Provider]func(ratelimit.Budget) provider.Provider{
			cloud.Example: func(budget ratelimit.Budget) provider.Provider {
				p := exampleprovider.New(exampleprovider.Config{Endpoint: endpoint, Budget: budget, Backoff: time.Millisecond, PageSize: 2})
				t.Cleanup(p.Close)
				return p
			},
		},
	}
	run(t, func(ctx context.Context) (serve.Runner, error) { return accountsapp.New(ctx, accounts) })
	run(t, func(ctx context.Context) (serve.Runner, error) { return inventoryapp.New(ctx, inventory) })
	run(t, func(ctx context.Context) (serve.Runner, error) { return discoveryapp.New(ctx, discovery) })
	c := &client{t: t, http: &http.Client{}}
	t.Cleanup(c.http.CloseIdleConnections)
	run(t, func(ctx context.Context) (serve.Runner, error) {
		gateway, err := gatewayapp.New(ctx, gatewayapp.Config{
			HTTP: serve.Address("127.0.0.1:0"), GRPC: serve.Pipe(), Logging: quiet,
			Accounts: accounts.GRPC, Inventory: inventory.GRPC, Discovery: discovery.GRPC,
		})
		if err == nil {
			c.web = "http://" + gateway.HTTPAddr().String()
		}
		return gateway, err
	})
	return c
}

// run runs a service until the end of the test.
func run(t *testing.T, newService func(context.Context) (serve.Runner, error)) {
	t.Helper()
	service, err := newService(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// database returns a migrated database of a service.
func database(t *testing.T, service string) string {
	t.Helper()
	files := migrations.Discovery()
	switch service {
	case "accounts":
		files = migrations.Accounts()
	case "inventory":
		files = migrations.Inventory()
	}
	return dbtest.New(t, dbtest.Template{
		Service: service, Version: dbtest.HashFS(files),
		Migrate: func(ctx context.Context, url string) error { return postgres.Migrate(ctx, url, files, service) },
	}).URL
}
