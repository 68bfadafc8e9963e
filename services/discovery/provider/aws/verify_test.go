package aws_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/aws"
)

// permissions tries the permissions of a role of the second account, and returns them by
// `permission location`.
func (c *testCloud) permissions(ctx context.Context, t *testing.T) (provider.VerifyingSession, map[string]provider.Permission) {
	t.Helper()
	second := c.sim.Accounts()[1]
	session, ok := c.wantIdentity(t, second, provider.AWSAssumeRole{RoleARN: simaws.RoleARN(second, "rollcall")}).(provider.VerifyingSession)
	if !ok {
		t.Fatal("the session can't verify")
	}
	tried := map[string]provider.Permission{}
	for _, p := range session.Permissions(ctx) {
		name := strings.TrimSpace(p.Name + " " + p.Location)
		if _, twice := tried[name]; twice {
			t.Errorf("%s was tried twice", name)
		}
		tried[name] = p
		if p.Status != provider.Have && (p.Failure == nil || p.Failure.Message == "" || p.Failure.Remedy == "") {
			t.Errorf("%s: %s must have a message and a remedy: %+v", name, p.Status, p.Failure)
		}
	}
	return session, tried
}

// withMachines creates a running and a stopped machine in the first region of the second account.
func (c *testCloud) withMachines(t *testing.T) {
	t.Helper()
	second := c.sim.Accounts()[1]
	truth, err := c.sim.Truth(second)
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	for _, machine := range truth.Instances {
		switch {
		case machine.Region != "us-east-1":
			err = c.sim.Vanish(second, machine.Region, machine.ID)
		case !stopped:
			stopped = true
			_, err = c.sim.Stop(second, machine.Region, machine.ID)
		default:
			_, err = c.sim.Start(second, machine.Region, machine.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	c := newCloud(t, few())
	c.withMachines(t)
	second := c.sim.Accounts()[1]
	before := states(t, c.sim, second)

	session, tried := c.permissions(t.Context(), t)
	want := []string{
		"sts:GetCallerIdentity", "ec2:DescribeRegions",
		"ec2:DescribeInstances us-east-1", "rds:DescribeDBInstances us-east-1", "rds:DescribeDBClusters us-east-1",
		"ec2:DescribeInstances eu-west-1", "rds:DescribeDBInstances eu-west-1", "rds:DescribeDBClusters eu-west-1",
		"ec2:StartInstances us-east-1", "ec2:StopInstances us-east-1", "ec2:DescribeSpotInstanceRequests us-east-1",
		"rds:StartDBInstance us-east-1", "rds:StopDBInstance us-east-1", "rds:StartDBCluster us-east-1", "rds:StopDBCluster us-east-1",
	}
	for _, name := range want {
		if tried[name].Status != provider.Have {
			t.Errorf("%s: %+v", name, tried[name])
		}
	}
	if len(tried) != len(want) {
		t.Errorf("tried were %v", tried)
	}
	if !strings.Contains(session.Principal(), "assumed-role/rollcall/") {
		t.Errorf("the principal is %q", session.Principal())
	}

	c.sim.PutRole(second, simaws.Role{Name: "rollcall", Deny: []string{"rds:DescribeDBClusters", "ec2:StartInstances", "rds:StopDB*"}})
	c.world.Inject(cloudsim.Fault{Call: cloudsim.Call{Account: second, Region: "eu-west-1", Service: "ec2", Action: "DescribeInstances"}, Kind: cloudsim.Drop})
	_, tried = c.permissions(t.Context(), t)
	for name, want := range map[string]provider.PermissionStatus{
		"sts:GetCallerIdentity": provider.Have, "ec2:DescribeRegions": provider.Have,
		"ec2:DescribeInstances us-east-1": provider.Have, "ec2:DescribeInstances eu-west-1": provider.CantTell,
		"rds:DescribeDBClusters us-east-1": provider.Lack, "rds:DescribeDBClusters eu-west-1": provider.Lack,
		"rds:DescribeDBInstances eu-west-1": provider.Have,
		"ec2:StartInstances us-east-1":      provider.Lack, "ec2:StopInstances us-east-1": provider.Have,
		"rds:StartDBInstance us-east-1": provider.Have, "rds:StopDBInstance us-east-1": provider.Lack,
		"rds:StartDBCluster us-east-1": provider.Have, "rds:StopDBCluster us-east-1": provider.Lack,
	} {
		if tried[name].Status != want {
			t.Errorf("%s is %+v, want %s", name, tried[name], want)
		}
	}
	for _, name := range []string{"ec2:StartInstances us-east-1", "rds:StopDBInstance us-east-1"} {
		if p := tried[name]; !p.Optional || !strings.Contains(p.Failure.Remedy, "read without it") {
			t.Errorf("%s is not needed: %+v", name, p)
		}
	}
	c.sim.PutRole(second, simaws.Role{Name: "rollcall", Deny: []string{"ec2:DescribeRegions"}})
	_, tried = c.permissions(t.Context(), t)
	if tried["ec2:DescribeRegions"].Status != provider.Lack || tried["ec2:DescribeInstances us-east-1"].Status != provider.Have {
		t.Errorf("with no permission to list regions: %+v", tried)
	}
	if after := states(t, c.sim, second); !slices.Equal(before, after) {
		t.Errorf("verifying changed %v to %v", before, after)
	}
}

func TestPermissions_NoMachines(t *testing.T) {
	t.Parallel()
	config := few()
	plan := config.Clouds[0].(simaws.Config)
	plan.Instances = 0
	config.Clouds = cloudsim.Clouds{plan}
	c := newCloud(t, config)
	_, tried := c.permissions(t.Context(), t)
	for _, name := range []string{"ec2:StartInstances", "ec2:StopInstances"} {
		if p := tried[name]; p.Status != provider.CantTell || !p.Optional {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestPermissions_ServiceHangs(t *testing.T) {
	t.Parallel()
	c := newCloud(t, few(), func(c *aws.Config) { c.CallLimit, c.AttemptLimit = time.Minute, time.Minute })
	c.world.Inject(cloudsim.Fault{Call: cloudsim.Call{Service: "rds"}, Kind: cloudsim.Hang})
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	_, tried := c.permissions(ctx, t)
	for name, p := range tried {
		if strings.HasPrefix(name, "rds:") && p.Status != provider.CantTell {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if p := tried["ec2:DescribeInstances us-east-1"]; p.Status != provider.Have {
		t.Errorf("%+v", p)
	}
}

// states returns the states of all machines of an account.
func states(t *testing.T, sim *simaws.Cloud, account string) []string {
	t.Helper()
	truth, err := sim.Truth(account)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, machine := range truth.Instances {
		all = append(all, fmt.Sprintf("%s %v", machine.ID, machine.State))
	}
	slices.Sort(all)
	return all
}
