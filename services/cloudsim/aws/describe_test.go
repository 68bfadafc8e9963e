package aws_test

import (
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/aws"
)

// TestDescribeInstances_MatchTruth reads instances through the SDK and compares each with the state
// of the cloud.
func TestDescribeInstances_MatchTruth(t *testing.T) {
	c := serve(t, cloudsim.Config{Seed: 1, Clouds: cloudsim.Clouds{aws.Config{Instances: 120, Hostile: true, Regions: []string{homeRegion}}}})
	truth := c.truth(t)

	var got []types.Instance
	pages := ec2.NewDescribeInstancesPaginator(c.ec2(homeRegion), &ec2.DescribeInstancesInput{MaxResults: sdk.Int32(50)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Reservations {
			got = append(got, r.Instances...)
		}
	}
	if len(got) != len(truth.Instances) {
		t.Fatalf("%d instances were read, %d exist", len(got), len(truth.Instances))
	}
	for i, m := range truth.Instances {
		checkInstance(t, got[i], m)
	}
}

func checkInstance(t *testing.T, got types.Instance, m aws.Instance) {
	t.Helper()
	if *got.InstanceId != m.ID || string(got.State.Name) != m.State.String() || int(*got.State.Code) != m.State.Code() {
		t.Fatalf("got %s %s, want %s %s", *got.InstanceId, got.State.Name, m.ID, m.State)
	}
	if m.Bare {
		if got.LaunchTime != nil || got.ImageId != nil || got.Placement != nil || got.Tags != nil || got.InstanceType != "" {
			t.Errorf("bare instance %s has optional elements", m.ID)
		}
		return
	}
	if string(got.InstanceType) != m.Type || *got.Placement.AvailabilityZone != m.Network.Zone || !got.LaunchTime.Equal(m.Launched) {
		t.Errorf("%s: type, zone or launch time differ: %+v", m.ID, got)
	}
	if *got.PrivateIpAddress != m.PrivateIP.String() || *got.VpcId != m.Network.VPC || *got.SubnetId != m.Network.Subnet {
		t.Errorf("%s: network differs", m.ID)
	}
	if spot := got.InstanceLifecycle == types.InstanceLifecycleTypeSpot; spot != m.Spot {
		t.Errorf("%s: spot is %v, want %v", m.ID, spot, m.Spot)
	}
	if string(got.Architecture) != m.Image.Arch || *got.PlatformDetails != m.Image.Platform {
		t.Errorf("%s: platform differs", m.ID)
	}
	if len(got.Tags) != len(m.Tags) {
		t.Fatalf("%s: %d tags, want %d", m.ID, len(got.Tags), len(m.Tags))
	}
	for i, tag := range m.Tags {
		if *got.Tags[i].Key != tag.Key || *got.Tags[i].Value != tag.Value {
			t.Errorf("%s: tag %q=%q, want %q=%q", m.ID, *got.Tags[i].Key, *got.Tags[i].Value, tag.Key, tag.Value)
		}
	}
}

func TestDescribeDatabases_MatchTruth(t *testing.T) {
	c := serve(t, cloudsim.Config{Seed: 2, Clouds: cloudsim.Clouds{aws.Config{Databases: 130, Regions: []string{homeRegion}}}})
	truth := c.truth(t)

	n := 0
	pages := rds.NewDescribeDBInstancesPaginator(c.rds(homeRegion), &rds.DescribeDBInstancesInput{MaxRecords: sdk.Int32(20)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, db := range page.DBInstances {
			want := truth.Databases[n]
			if *db.DBInstanceIdentifier != want.ID || *db.DbiResourceId != want.ResourceID || *db.DBInstanceArn != want.ARN {
				t.Fatalf("database %d is %s %s, want %s %s", n, *db.DBInstanceIdentifier, *db.DbiResourceId, want.ID, want.ResourceID)
			}
			if *db.DBInstanceStatus != string(want.Status) || *db.MultiAZ != want.MultiAZ || len(db.TagList) != len(want.Tags) ||
				*db.Endpoint.Address != want.Host || len(db.ReadReplicaDBInstanceIdentifiers) != len(want.Replicas) {
				t.Errorf("%s differs from %+v", want.ID, want)
			}
			n++
		}
	}
	if n != 130 || n != len(truth.Databases) {
		t.Errorf("%d databases were read, %d exist", n, len(truth.Databases))
	}

	clusters, err := c.rds(homeRegion).DescribeDBClusters(t.Context(), &rds.DescribeDBClustersInput{})
	if err != nil {
		t.Fatal(err)
	}
	if len(clusters.DBClusters) != len(truth.Clusters) || len(truth.Clusters) == 0 {
		t.Fatalf("%d clusters were read, %d exist", len(clusters.DBClusters), len(truth.Clusters))
	}
	for i, cluster := range clusters.DBClusters {
		if *cluster.DbClusterResourceId != truth.Clusters[i].ResourceID || len(cluster.DBClusterMembers) != 3 {
			t.Errorf("cluster %d differs: %+v", i, cluster)
		}
	}
}

func TestRegions(t *testing.T) {
	c := serve(t, cloudsim.Config{Clouds: cloudsim.Clouds{aws.Config{Regions: []string{"us-east-1", "eu-south-1"}}}})
	client := c.ec2(homeRegion)
	enabled, err := client.DescribeRegions(t.Context(), &ec2.DescribeRegionsInput{})
	if err != nil {
		t.Fatal(err)
	}
	status := map[string]string{}
	for _, r := range enabled.Regions {
		status[*r.RegionName] = *r.OptInStatus
	}
	if len(status) != 2 || status["us-east-1"] != "opt-in-not-required" || status["eu-south-1"] != "opted-in" {
		t.Errorf("enabled regions: %v", status)
	}

	all, err := client.DescribeRegions(t.Context(), &ec2.DescribeRegionsInput{AllRegions: sdk.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Regions) != len(aws.Catalogue) {
		t.Errorf("%d of %d regions", len(all.Regions), len(aws.Catalogue))
	}
}

func TestAssumeRole(t *testing.T) {
	c := serve(t, cloudsim.Config{Clouds: cloudsim.Clouds{aws.Config{Accounts: 2, ExternalID: "secret"}}})
	other := c.Accounts()[1]
	out, err := c.sts().AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: sdk.String(aws.RoleARN(other, "reader")), RoleSessionName: sdk.String("test"), ExternalId: sdk.String("secret"),
	})
	if err != nil {
		t.Fatal(err)
	}
	key := aws.Key{AccessKeyID: *out.Credentials.AccessKeyId, Secret: *out.Credentials.SecretAccessKey, Token: *out.Credentials.SessionToken}
	who, err := sts.NewFromConfig(c.config(key, homeRegion)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if *who.Account != other || *who.Arn != "arn:aws:sts::"+other+":assumed-role/reader/test" {
		t.Errorf("the session is %s in %s", *who.Arn, *who.Account)
	}
}
