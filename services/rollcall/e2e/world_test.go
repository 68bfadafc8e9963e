package e2e

import (
	"testing"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
)

// world is a small simulated AWS without changes of its own.
type world struct {
	*cloudsim.World
	*simaws.Cloud
	server *simaws.Server
	// account is the id of its first account, whose key is in env.
	account string
}

// newWorld serves a world until the end of the test: two accounts with two regions, and six
// machines and three databases in each region.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := cloudsim.New(cloudsim.Config{Seed: 7, Transition: cloudsim.Immediately, Clouds: cloudsim.Clouds{simaws.Config{Regions: []string{"eu-west-1", "us-east-1"}, Plan: []simaws.AccountPlan{
		{ID: "200000000001", Name: "first", Instances: 6, Databases: 3}, {ID: "200000000002", Name: "second", Instances: 6, Databases: 3},
	}}}})
	server, err := simaws.Serve(w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{World: w, Cloud: server.Cloud, server: server, account: server.Cloud.Accounts()[0]}
}

// env returns the environment of a user of its first account.
func (w *world) env() map[string]string { return w.server.Env(w.account) }
