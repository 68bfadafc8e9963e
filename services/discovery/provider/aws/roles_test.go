package aws_test

import (
	"context"
	"testing"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// counter is a Sink that counts.
type counter struct{ instances int }

func (c *counter) Page(_ context.Context, instances []provider.Instance) error {
	c.instances += len(instances)
	return nil
}

func (*counter) Called(bool) {}

func TestRoleCache(t *testing.T) {
	t.Parallel()
	c := newCloud(t, cloudsim.Config{Clouds: cloudsim.Clouds{simaws.Config{Accounts: 2, Regions: []string{"us-east-1"}, Instances: 1}}})
	other := c.sim.Accounts()[1]
	account := provider.Account{ID: "aws-" + other, Provider: cloud.AWS, CloudID: other}
	role := provider.AWSAssumeRole{RoleARN: simaws.RoleARN(other, "rollcall")}
	run := func() error {
		session, err := c.provider.Open(t.Context(), account, role)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := session.Identity(t.Context()); err != nil || got != other {
			return err
		}
		return session.Read(t.Context(), provider.ScopeID{Kind: cloud.VirtualMachine, Location: "us-east-1"}, &counter{})
	}
	assumed := func(want int64) {
		t.Helper()
		if got := c.world.Requests(cloudsim.Call{Action: "AssumeRole"}).Requests; got != want {
			t.Errorf("assumed %d times, want %d", got, want)
		}
	}
	for range 3 {
		if err := run(); err != nil {
			t.Fatal(err)
		}
	}
	assumed(1)
	role.RoleARN = simaws.RoleARN(other, "another")
	if err := run(); err != nil {
		t.Fatal(err)
	}
	assumed(2)
	c.sim.ExpireSessions(other)
	if err := run(); provider.FaultOf(err).Reason != fault.ReasonCredentialsExpired {
		t.Errorf("after the session expired: %v", err)
	}
	if err := run(); err != nil {
		t.Errorf("the next run: %v", err)
	}
	assumed(3)
}
