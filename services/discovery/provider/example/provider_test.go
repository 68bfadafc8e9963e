package example_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	sim "github.com/rollcall-dev/rollcall/services/cloudsim/example"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/example"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providertest"
	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	descriptor "github.com/rollcall-dev/rollcall/services/internal/cloud/example"
	"github.com/rollcall-dev/rollcall/services/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestProvider(t *testing.T) {
	t.Parallel()
	providertest.Run(t, func(t testing.TB) providertest.Cloud { t.Helper(); return newWorld(t) })
}

func TestProvider_Lifecycle(t *testing.T) {
	t.Parallel()
	providertest.RunLifecycle(t, func(t testing.TB) providertest.OperatingCloud { t.Helper(); return newWorld(t) })
}

// unlimited is a budget without a limit.
type unlimited struct{}

func (unlimited) Take(context.Context, ratelimit.API) error   { return nil }
func (unlimited) Report(context.Context, ratelimit.API, bool) {}

const account, key = "acme-prod", "hush"

// world is a simulated account with a provider that reads it.
type world struct {
	*sim.Cloud
	clock    *cloudsim.ManualClock
	provider *example.Provider
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{clock: cloudsim.NewManualClock(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))}
	w.Cloud = sim.New(sim.Config{Account: account, Key: key, PerScope: 25, Job: time.Minute, Now: w.clock.Now})
	server := httptest.NewServer(w.Cloud)
	w.provider = example.New(example.Config{
		Endpoint: server.URL, Budget: unlimited{}, Attempts: 3, CallLimit: 500 * time.Millisecond, Backoff: time.Millisecond,
		PageSize: 10,
	})
	t.Cleanup(func() {
		w.provider.Close()
		server.CloseClientConnections()
		server.Close()
	})
	return w
}

func (w *world) Provider() provider.Provider { return w.provider }

func (w *world) Account() provider.Account {
	return provider.Account{ID: "example-" + account, Provider: cloud.Example, CloudID: account}
}

func (w *world) Credentials() provider.Credentials {
	return provider.MethodCredentials{Method: descriptor.APIKey, Secret: secret.New(key)}
}

// kinds of the API and of the contract.
var kinds = map[cloud.Kind]string{cloud.VirtualMachine: sim.Servers, cloud.Database: sim.Stores}

func (w *world) Truth(testing.TB) map[provider.ScopeID][]string {
	truth := map[provider.ScopeID][]string{}
	for _, r := range w.All() {
		scope := provider.ScopeID{Kind: cloud.VirtualMachine, Location: r.Location()}
		if r.Kind == sim.Stores {
			scope.Kind = cloud.Database
		}
		truth[scope] = append(truth[scope], r.ID)
	}
	return truth
}

func (w *world) Break(_ testing.TB, scope provider.ScopeID, fault providertest.Fault) {
	w.Cloud.Break(kinds[scope.Kind], scope.Location, string(fault))
}

func (w *world) Region(location string) string { return descriptor.Descriptor().RegionOf(location) }

func (w *world) Remove(_ testing.TB, _ provider.ScopeID, id string) { w.Delete(id) }

func (w *world) Things() []providertest.Thing {
	return []providertest.Thing{providertest.Machine, providertest.Database}
}

func (w *world) Make(_ testing.TB, thing providertest.Thing) (provider.ScopeID, string) {
	scope := provider.ScopeID{Kind: cloud.VirtualMachine, Location: "a-north"}
	if thing == providertest.Database {
		scope = provider.ScopeID{Kind: cloud.Database, Location: "north"}
	}
	return scope, w.Cloud.Make(kinds[scope.Kind], scope.Location)
}

func (w *world) Now() time.Time { return w.clock.Now() }

func (w *world) Settle() { w.clock.Advance(time.Hour) }

func (w *world) Strike(_ testing.TB, _ providertest.Thing, strike providertest.Strike) bool {
	w.Cloud.Strike(string(strike))
	return true
}

func (w *world) Requests(_ testing.TB, _ providertest.Thing, id string) (all, taken int) {
	count := w.Cloud.Requests(id)
	return count.All, count.Accepted
}

func (w *world) End(_ testing.TB, _ provider.ScopeID, id string) { w.Delete(id) }
