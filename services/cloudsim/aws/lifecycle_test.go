package aws_test

import (
	"fmt"
	"slices"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/aws"
)

// TestPages_AreStable reads page by page while instances come and go. Instances that exist all the
// time are read once.
func TestPages_AreStable(t *testing.T) {
	c := serve(t, cloudsim.Config{Seed: 3, Transition: cloudsim.Immediately, Clouds: cloudsim.Clouds{aws.Config{Regions: []string{homeRegion}, Instances: 200, TerminatedFor: 1}}})
	before := c.truth(t)
	seen := make(map[string]int)
	pages := ec2.NewDescribeInstancesPaginator(c.ec2(homeRegion), &ec2.DescribeInstancesInput{MaxResults: sdk.Int32(10)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Reservations {
			for _, i := range r.Instances {
				seen[*i.InstanceId]++
			}
		}
		c.Churn(20)
	}
	after := c.truth(t)
	stayed := 0
	for _, m := range before.Instances {
		if seen[m.ID] > 1 {
			t.Errorf("%s was read %d times", m.ID, seen[m.ID])
		}
		if _, still := after.Instance(m.ID); still {
			stayed++
			if seen[m.ID] != 1 {
				t.Errorf("%s was there all the time and was read %d times", m.ID, seen[m.ID])
			}
		}
	}
	if stayed == 0 || stayed == len(before.Instances) {
		t.Errorf("%d of %d instances stayed: the test proves nothing", stayed, len(before.Instances))
	}
}

func TestFilters(t *testing.T) {
	c := serve(t, cloudsim.Config{Clouds: cloudsim.Clouds{aws.Config{Regions: []string{homeRegion}, Instances: 100}}})
	machines := c.truth(t).Instances
	sample := machines[42]
	matching := func(match func(aws.Instance) bool) (ids []string) {
		for _, m := range machines {
			if match(m) {
				ids = append(ids, m.ID)
			}
		}
		return ids
	}
	cases := map[string]struct {
		values []string
		match  func(aws.Instance) bool
	}{
		"instance-state-name": {[]string{"stopped", "pending"}, func(m aws.Instance) bool { return m.State == aws.Stopped }},
		"instance-state-code": {[]string{"16"}, func(m aws.Instance) bool { return m.State == aws.Running }},
		"instance-id":         {[]string{sample.ID}, func(m aws.Instance) bool { return m.ID == sample.ID }},
		"instance-type":       {[]string{"m6i.*"}, func(m aws.Instance) bool { return len(m.Type) > 4 && m.Type[:4] == "m6i." }},
		"instance-lifecycle":  {[]string{"spot"}, func(m aws.Instance) bool { return m.Spot }},
		"architecture":        {[]string{"arm64"}, func(m aws.Instance) bool { return m.Image.Arch == "arm64" }},
		"availability-zone":   {[]string{sample.Network.Zone}, func(m aws.Instance) bool { return m.Network.Zone == sample.Network.Zone }},
		"private-ip-address":  {[]string{sample.PrivateIP.String()}, func(m aws.Instance) bool { return m.ID == sample.ID }},
		"tag:team":            {[]string{"data"}, func(m aws.Instance) bool { return m.Tag("team") == "data" }},
		"tag-key":             {[]string{"team"}, func(aws.Instance) bool { return true }},
		"vpc-id":              {[]string{"vpc-none"}, func(aws.Instance) bool { return false }},
	}
	for name, tc := range cases {
		got, err := c.instanceIDs(t.Context(), homeRegion, &ec2.DescribeInstancesInput{
			MaxResults: sdk.Int32(7), Filters: []types.Filter{{Name: &name, Values: tc.values}},
		})
		if want := matching(tc.match); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %d instances, %v, want %d", name, len(got), err, len(want))
		}
	}
	_, err := c.instanceIDs(t.Context(), homeRegion, &ec2.DescribeInstancesInput{
		Filters: []types.Filter{{Name: sdk.String("colour"), Values: []string{"red"}}},
	})
	wantCode(t, err, "InvalidParameterValue", 400)
}

func TestInstanceLifecycle(t *testing.T) {
	c := serve(t, cloudsim.Config{Transition: cloudsim.Immediately, Clouds: cloudsim.Clouds{aws.Config{Regions: []string{homeRegion}}}})
	ctx, client := t.Context(), c.ec2(homeRegion)
	run, err := client.RunInstances(ctx, &ec2.RunInstancesInput{
		MinCount: sdk.Int32(2), MaxCount: sdk.Int32(2), ImageId: sdk.String("ami-0123456789abcdef0"), InstanceType: "m7g.large",
		TagSpecifications: []types.TagSpecification{{ResourceType: "instance", Tags: []types.Tag{{Key: sdk.String("a"), Value: sdk.String("<1>")}}}},
	})
	if err != nil || len(run.Instances) != 2 {
		t.Fatalf("%+v, %v", run, err)
	}
	id := *run.Instances[0].InstanceId
	ids := []string{id}
	if *run.Instances[1].AmiLaunchIndex != 1 || *run.Instances[0].Tags[0].Value != "<1>" {
		t.Errorf("launched %+v", run.Instances)
	}
	_, err = client.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{
		InstanceId: &id, InstanceType: &types.AttributeValue{Value: sdk.String("m7g.xlarge")},
	})
	wantCode(t, err, "IncorrectInstanceState", 400)
	stopped, err := client.StopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: ids})
	if err != nil || stopped.StoppingInstances[0].PreviousState.Name != "running" || stopped.StoppingInstances[0].CurrentState.Name != "stopped" {
		t.Fatalf("%+v, %v", stopped, err)
	}
	if _, err = client.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{
		InstanceId: &id, InstanceType: &types.AttributeValue{Value: sdk.String("m7g.xlarge")},
	}); err != nil {
		t.Error(err)
	}
	if _, err := client.StartInstances(ctx, &ec2.StartInstancesInput{InstanceIds: ids}); err != nil {
		t.Error(err)
	}
	_, err = client.StartInstances(ctx, &ec2.StartInstancesInput{InstanceIds: ids, DryRun: sdk.Bool(true)})
	wantCode(t, err, "DryRunOperation", 412)
	if _, err := client.CreateTags(ctx, &ec2.CreateTagsInput{Resources: ids, Tags: []types.Tag{
		{Key: sdk.String("b"), Value: sdk.String("2")}, {Key: sdk.String("c"), Value: sdk.String("3")},
	}}); err != nil {
		t.Error(err)
	}
	if _, err := client.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: ids, Tags: []types.Tag{
		{Key: sdk.String("a")}, {Key: sdk.String("b"), Value: sdk.String("another")},
	}}); err != nil {
		t.Error(err)
	}
	m, _ := c.Instance(firstAccount, homeRegion, id)
	if got := fmt.Sprintf("%s %s %v", m.Type, m.State, m.Tags); got != "m7g.xlarge running [{b 2} {c 3}]" {
		t.Errorf("the instance is %s", got)
	}
	if _, err := client.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: ids}); err != nil {
		t.Error(err)
	}
	_, err = client.StartInstances(ctx, &ec2.StartInstancesInput{InstanceIds: ids})
	wantCode(t, err, "IncorrectInstanceState", 400)
	out, err := client.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: ids})
	if err != nil || out.Reservations[0].Instances[0].State.Name != "terminated" || out.Reservations[0].Instances[0].PrivateIpAddress != nil {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestStop_OneTimeSpot(t *testing.T) {
	c := serve(t, cloudsim.Config{Transition: cloudsim.Immediately, Clouds: cloudsim.Clouds{aws.Config{}}})
	spot, err := c.Launch(firstAccount, homeRegion, aws.InstanceSpec{Spot: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.ec2(homeRegion).StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: []string{spot[0].ID}})
	wantCode(t, err, "UnsupportedOperation", 400)
}

func TestDatabaseLifecycle(t *testing.T) {
	c := serve(t, cloudsim.Config{Transition: cloudsim.Immediately, Clouds: cloudsim.Clouds{aws.Config{Regions: []string{homeRegion}, Databases: 16}}})
	ctx, client, truth := t.Context(), c.rds(homeRegion), c.truth(t)
	alone := truth.Databases[slices.IndexFunc(truth.Databases, func(d aws.Database) bool {
		return d.Cluster == "" && d.ReplicaOf == "" && len(d.Replicas) == 0 && d.Status == aws.DatabaseAvailable
	})]
	member := truth.Databases[slices.IndexFunc(truth.Databases, func(d aws.Database) bool { return d.Cluster != "" })]
	stopped, err := client.StopDBInstance(ctx, &rds.StopDBInstanceInput{DBInstanceIdentifier: &alone.ID})
	if err != nil || *stopped.DBInstance.DBInstanceStatus != "stopped" {
		t.Fatalf("%+v, %v", stopped, err)
	}
	_, err = client.StopDBInstance(ctx, &rds.StopDBInstanceInput{DBInstanceIdentifier: &alone.ID})
	wantCode(t, err, "InvalidDBInstanceState", 400)
	_, err = client.StopDBInstance(ctx, &rds.StopDBInstanceInput{DBInstanceIdentifier: &member.ID})
	wantCode(t, err, "InvalidParameterCombination", 400)
	if _, err := client.StartDBInstance(ctx, &rds.StartDBInstanceInput{DBInstanceIdentifier: &alone.ID}); err != nil {
		t.Error(err)
	}
	modified, err := client.ModifyDBInstance(ctx, &rds.ModifyDBInstanceInput{DBInstanceIdentifier: &alone.ID, DBInstanceClass: sdk.String("db.r6g.8xlarge")})
	if err != nil || *modified.DBInstance.DBInstanceClass != "db.r6g.8xlarge" {
		t.Errorf("%+v, %v", modified, err)
	}
	if _, err := client.AddTagsToResource(ctx, &rds.AddTagsToResourceInput{
		ResourceName: &alone.ARN, Tags: []rdstypes.Tag{{Key: sdk.String("x"), Value: sdk.String("y")}},
	}); err != nil {
		t.Error(err)
	}
	if _, err := client.RemoveTagsFromResource(ctx, &rds.RemoveTagsFromResourceInput{ResourceName: &alone.ARN, TagKeys: []string{"team"}}); err != nil {
		t.Error(err)
	}
	byID, err := client.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{
		Filters: []rdstypes.Filter{{Name: sdk.String("dbi-resource-id"), Values: []string{alone.ResourceID}}},
	})
	if err != nil || len(byID.DBInstances) != 1 || len(byID.DBInstances[0].TagList) != 3 {
		t.Errorf("%+v, %v", byID, err)
	}

	cluster := truth.Clusters[0].ID
	if out, err := client.StopDBCluster(ctx, &rds.StopDBClusterInput{DBClusterIdentifier: &cluster}); err != nil || *out.DBCluster.Status != "stopped" {
		t.Errorf("%+v, %v", out, err)
	}
	_, err = client.StopDBCluster(ctx, &rds.StopDBClusterInput{DBClusterIdentifier: &cluster})
	wantCode(t, err, "InvalidDBClusterStateFault", 400)
	members, err := client.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{
		Filters: []rdstypes.Filter{{Name: sdk.String("db-cluster-id"), Values: []string{cluster}}},
	})
	if err != nil || len(members.DBInstances) != 3 || *members.DBInstances[0].DBInstanceStatus != "stopped" {
		t.Errorf("%+v, %v", members, err)
	}
	if _, err := client.StartDBCluster(ctx, &rds.StartDBClusterInput{DBClusterIdentifier: &cluster}); err != nil {
		t.Error(err)
	}
	if _, err := client.DeleteDBInstance(ctx, &rds.DeleteDBInstanceInput{DBInstanceIdentifier: &alone.ID}); err != nil {
		t.Error(err)
	}
	_, err = client.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &alone.ID})
	wantCode(t, err, "DBInstanceNotFound", 404)
}
