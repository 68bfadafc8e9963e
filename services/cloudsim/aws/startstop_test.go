package aws_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/aws"
)

// newClock returns a world's clock that only the test moves.
func newClock() *cloudsim.ManualClock {
	return cloudsim.NewManualClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
}

// launch creates one running instance.
func launch(t *testing.T, c *cloud, clock *cloudsim.ManualClock, spec aws.InstanceSpec) string {
	t.Helper()
	made, err := c.Launch(firstAccount, homeRegion, spec)
	if err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Minute)
	return made[0].ID
}

func stop(t *testing.T, c *cloud, id string) error {
	t.Helper()
	_, err := c.ec2(homeRegion).StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: []string{id}})
	return err
}

func start(t *testing.T, c *cloud, id string) error {
	t.Helper()
	_, err := c.ec2(homeRegion).StartInstances(t.Context(), &ec2.StartInstancesInput{InstanceIds: []string{id}})
	return err
}

// TestStop_Refusals checks EC2's errors for instances that it does not stop, and what a description
// shows of them.
func TestStop_Refusals(t *testing.T) {
	clock := newClock()
	c := serve(t, cloudsim.Config{Now: clock.Now, Clouds: cloudsim.Clouds{aws.Config{Regions: []string{homeRegion}}}})
	store := launch(t, c, clock, aws.InstanceSpec{InstanceStore: true})
	once := launch(t, c, clock, aws.InstanceSpec{Spot: true})
	kept := launch(t, c, clock, aws.InstanceSpec{Spot: true, Persistent: true})
	locked := launch(t, c, clock, aws.InstanceSpec{StopProtected: true})
	for id, code := range map[string]string{store: "UnsupportedOperation", once: "UnsupportedOperation", locked: "OperationNotPermitted"} {
		wantCode(t, stop(t, c, id), code, 400)
	}
	if err := stop(t, c, kept); err != nil {
		t.Error(err)
	}
	seen, err := c.ec2(homeRegion).DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{store}})
	if err != nil || seen.Reservations[0].Instances[0].RootDeviceType != types.DeviceTypeInstanceStore {
		t.Errorf("%+v, %v", seen, err)
	}
	requests, err := c.ec2(homeRegion).DescribeSpotInstanceRequests(t.Context(), &ec2.DescribeSpotInstanceRequestsInput{})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]types.SpotInstanceType{}
	for _, r := range requests.SpotInstanceRequests {
		kinds[*r.InstanceId] = r.Type
	}
	if len(kinds) != 2 || kinds[once] != types.SpotInstanceTypeOneTime || kinds[kept] != types.SpotInstanceTypePersistent {
		t.Errorf("spot requests: %v", kinds)
	}
}

// TestStartStop_Faults checks the state and the recorded mutations after accepted, rejected, lost
// and failed changes.
func TestStartStop_Faults(t *testing.T) {
	clock := newClock()
	c := serve(t, cloudsim.Config{Now: clock.Now, Clouds: cloudsim.Clouds{aws.Config{Regions: []string{homeRegion}}}})
	id := launch(t, c, clock, aws.InstanceSpec{Tags: map[string]string{}})
	state := func() aws.State {
		m, err := c.Instance(firstAccount, homeRegion, id)
		if err != nil {
			t.Fatal(err)
		}
		return m.State
	}
	inject := func(f cloudsim.Fault) {
		t.Helper()
		f.Count = 1
		f.Service = "ec2"
		c.Inject(f)
	}
	inject(cloudsim.Fault{Kind: cloudsim.LoseAnswer})
	if err := stop(t, c, id); err == nil || state() != aws.Stopping {
		t.Errorf("a lost response: %v, %s", err, state())
	}
	clock.Advance(time.Minute)
	inject(cloudsim.Fault{Kind: cloudsim.NoCapacity})
	wantCode(t, start(t, c, id), "InsufficientInstanceCapacity", 500)
	inject(cloudsim.Fault{Kind: cloudsim.NoQuota})
	wantCode(t, start(t, c, id), "VcpuLimitExceeded", 400)
	inject(cloudsim.Fault{Kind: cloudsim.ComeToNothing})
	if err := start(t, c, id); err != nil || state() != aws.Pending {
		t.Errorf("%v, %s", err, state())
	}
	clock.Advance(time.Minute)
	seen, err := c.ec2(homeRegion).DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
	if err != nil || seen.Reservations[0].Instances[0].State.Name != types.InstanceStateNameStopped ||
		*seen.Reservations[0].Instances[0].StateReason.Code != "Client.InternalError" {
		t.Errorf("%+v, %v", seen, err)
	}
	inject(cloudsim.Fault{Kind: cloudsim.FailAfter})
	wantCode(t, start(t, c, id), "InternalError", 500)
	if state() != aws.Pending {
		t.Errorf("an error after the change: %s", state())
	}
	clock.Advance(time.Minute)
	inject(cloudsim.Fault{Kind: cloudsim.Linger, Delay: time.Hour})
	if err := stop(t, c, id); err != nil {
		t.Error(err)
	}
	if clock.Advance(30 * time.Minute); state() != aws.Stopping {
		t.Errorf("within the hour: %s", state())
	}
	if clock.Advance(time.Hour); state() != aws.Stopped {
		t.Errorf("after the hour: %s", state())
	}
	var taken []bool
	for _, m := range c.Mutations(cloudsim.Call{Service: "ec2"}, id) {
		taken = append(taken, m.Taken)
	}
	if len(taken) != 6 || !taken[0] || taken[1] || taken[2] || !taken[3] || !taken[4] || !taken[5] {
		t.Errorf("requests: %v", c.Mutations(cloudsim.Call{}, id))
	}
}

// TestStopDatabase_Rules checks which databases RDS does not stop, and when it restarts a stopped
// one.
func TestStopDatabase_Rules(t *testing.T) {
	clock := newClock()
	c := serve(t, cloudsim.Config{Now: clock.Now, Clouds: cloudsim.Clouds{aws.Config{Regions: []string{homeRegion}}}})
	for _, spec := range []aws.DatabaseSpec{
		{ID: "plain"}, {ID: "source"}, {ID: "copy", ReplicaOf: "source"}, {ID: "mirrored", Engine: "sqlserver-se", MultiAZ: true},
		{ID: "standby", Engine: "postgres", MultiAZ: true},
	} {
		if _, err := c.LaunchDatabase(firstAccount, homeRegion, spec); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.LaunchCluster(firstAccount, homeRegion, "orders", 2); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Minute)
	client := c.rds(homeRegion)
	for id, code := range map[string]string{
		"plain": "", "standby": "", "source": "InvalidParameterCombination", "copy": "InvalidParameterCombination",
		"mirrored": "InvalidParameterCombination", "orders-1": "InvalidParameterCombination",
	} {
		_, err := client.StopDBInstance(t.Context(), &rds.StopDBInstanceInput{DBInstanceIdentifier: &id})
		if code != "" {
			wantCode(t, err, code, 400)
		} else if err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	orders, plain := "orders", "plain"
	if _, err := client.StopDBCluster(t.Context(), &rds.StopDBClusterInput{DBClusterIdentifier: &orders}); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Minute)
	status := func() (string, *time.Time) {
		seen, err := client.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &plain})
		if err != nil {
			t.Fatal(err)
		}
		return *seen.DBInstances[0].DBInstanceStatus, seen.DBInstances[0].AutomaticRestartTime
	}
	got, restarts := status()
	if got != "stopped" || restarts == nil || restarts.Sub(clock.Now()) < 6*24*time.Hour {
		t.Fatalf("%s, restarts at %v", got, restarts)
	}
	seen, err := client.DescribeDBClusters(t.Context(), &rds.DescribeDBClustersInput{DBClusterIdentifier: &orders})
	if err != nil || *seen.DBClusters[0].Status != "stopped" || seen.DBClusters[0].AutomaticRestartTime == nil {
		t.Errorf("%+v, %v", seen, err)
	}
	clock.Advance(restarts.Sub(clock.Now()))
	if got, _ := status(); got != "starting" {
		t.Errorf("at the restart time it is %s", got)
	}
	clock.Advance(time.Minute)
	if got, restarts := status(); got != "available" || restarts != nil {
		t.Errorf("after the restart it is %s, %v", got, restarts)
	}
	truth := c.truth(t)
	for _, d := range truth.Databases {
		if d.Cluster == "orders" && d.Status != aws.DatabaseAvailable {
			t.Errorf("%s is %s", d.ID, d.Status)
		}
	}
}

// TestAttachTime checks that a start moves the launch time and leaves the attach times as they are.
func TestAttachTime(t *testing.T) {
	clock := newClock()
	c := serve(t, cloudsim.Config{Now: clock.Now, Clouds: cloudsim.Clouds{aws.Config{Regions: []string{homeRegion}}}})
	created := clock.Now()
	id := launch(t, c, clock, aws.InstanceSpec{})
	if _, err := c.Stop(firstAccount, homeRegion, id); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Hour)
	started := clock.Now()
	if _, err := c.Start(firstAccount, homeRegion, id); err != nil {
		t.Fatal(err)
	}
	out, err := c.ec2(homeRegion).DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
	if err != nil {
		t.Fatal(err)
	}
	i := out.Reservations[0].Instances[0]
	if !i.LaunchTime.Equal(started) {
		t.Errorf("the launch time is %v, want that of the last start, %v", i.LaunchTime, started)
	}
	for name, at := range map[string]*time.Time{
		"interface": i.NetworkInterfaces[0].Attachment.AttachTime, "volume": i.BlockDeviceMappings[0].Ebs.AttachTime,
	} {
		if !at.Equal(created) {
			t.Errorf("the %s was attached at %v, want the creation at %v", name, at, created)
		}
	}
}
