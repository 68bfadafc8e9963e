package aws

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

func TestMember_StatusOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ own, cluster, want string }{
		{"available", "", "available"}, {"available", "available", "available"}, {"available", "backing-up", "available"},
		{"available", "stopped", "stopped"}, {"available", "stopping", "stopping"}, {"available", "starting", "starting"},
		{"stopped", "available", "stopped"}, {"deleting", "stopped", "deleting"},
	} {
		got := database(&rdstypes.DBInstance{DBInstanceStatus: aws.String(test.own)}, "eu-west-1", "100000000001", member{status: test.cluster})
		if got.ProviderState != test.want || got.State != databaseState(test.want) {
			t.Errorf("%s in a cluster that is %s: %s, %s", test.own, test.cluster, got.ProviderState, got.State)
		}
	}
}

func TestMachine(t *testing.T) {
	t.Parallel()
	launched, attached := time.Unix(2000, 0), time.Unix(1000, 0)
	got := machine(&ec2types.Instance{
		InstanceId: aws.String("i-1"), InstanceType: "m6i.large", ImageId: aws.String("ami-1"), Architecture: "arm64",
		State: &ec2types.InstanceState{Code: aws.Int32(16), Name: "running"}, InstanceLifecycle: "spot",
		PlatformDetails: aws.String("Linux/UNIX"), LaunchTime: &launched, VpcId: aws.String("vpc-1"), SubnetId: aws.String("subnet-1"),
		Placement: &ec2types.Placement{AvailabilityZone: aws.String("eu-west-1b")}, PrivateDnsName: aws.String("ip-10-0-0-1"),
		PrivateIpAddress: aws.String("10.0.0.1"), PublicIpAddress: aws.String("1.2.3.4"), Ipv6Address: aws.String("fd00::1"),
		Tags: []ec2types.Tag{
			{Key: aws.String("Name"), Value: aws.String("web 🐘")}, {Key: aws.String("empty")},
			{Key: aws.String(groupTag), Value: aws.String("web-asg")}, {},
		},
		NetworkInterfaces: []ec2types.InstanceNetworkInterface{{
			PrivateIpAddress: aws.String("10.0.0.1"),
			Attachment:       &ec2types.InstanceNetworkInterfaceAttachment{DeviceIndex: aws.Int32(0), AttachTime: &attached},
			PrivateIpAddresses: []ec2types.InstancePrivateIpAddress{
				{PrivateIpAddress: aws.String("10.0.0.1"), Association: &ec2types.InstanceNetworkInterfaceAssociation{PublicIp: aws.String("1.2.3.4")}},
				{PrivateIpAddress: aws.String("10.0.0.2"), Association: &ec2types.InstanceNetworkInterfaceAssociation{PublicIp: aws.String("1.2.3.5")}},
			},
			Ipv6Addresses: []ec2types.InstanceIpv6Address{{Ipv6Address: aws.String("fd00::1")}, {Ipv6Address: aws.String("fd00::2")}},
		}},
	}, "eu-west-1", "100000000001")
	want := provider.Instance{
		ProviderID: "i-1", ProviderURI: "arn:aws:ec2:eu-west-1:100000000001:instance/i-1", DisplayName: "web 🐘",
		Region: "eu-west-1", Zone: "eu-west-1b", State: provider.StateRunning, ProviderState: "running", MachineType: "m6i.large",
		PrivateIPs: []string{"10.0.0.1", "10.0.0.2", "fd00::1", "fd00::2"}, PublicIPs: []string{"1.2.3.4", "1.2.3.5"},
		Labels:     map[string]string{"Name": "web 🐘", "empty": "", groupTag: "web-asg"},
		CreateTime: attached,
		Machine: &provider.MachineDetails{
			Image: "ami-1", Architecture: "arm64", Platform: "Linux/UNIX", Spot: true, Network: "vpc-1", Subnet: "subnet-1",
			Hostname: "ip-10-0-0-1", AutoscalingGroup: "web-asg", StartTime: launched,
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v %+v\nwant %+v %+v", got, got.Machine, want, want.Machine)
	}
}

func TestMachine_OtherPartition(t *testing.T) {
	t.Parallel()
	got := machine(&ec2types.Instance{InstanceId: aws.String("i-1")}, "cn-north-1", "100000000001")
	if got.ProviderURI != "arn:aws-cn:ec2:cn-north-1:100000000001:instance/i-1" || got.DisplayName != "i-1" {
		t.Errorf("got %+v", got)
	}
}

func TestDatabase(t *testing.T) {
	t.Parallel()
	created := time.Unix(1000, 0)
	got := database(&rdstypes.DBInstance{
		DbiResourceId: aws.String("db-1"), DBInstanceArn: aws.String("arn:db"), DBInstanceIdentifier: aws.String("orders"),
		DBInstanceClass: aws.String("db.r6g.large"), DBInstanceStatus: aws.String("available"), AvailabilityZone: aws.String("eu-west-1a"),
		Engine: aws.String("postgres"), EngineVersion: aws.String("16.4"), AllocatedStorage: aws.Int32(100), MultiAZ: aws.Bool(true),
		Endpoint: &rdstypes.Endpoint{Address: aws.String("orders.example"), Port: aws.Int32(5432)}, InstanceCreateTime: &created,
		ReadReplicaSourceDBInstanceIdentifier: aws.String("first"), DBSubnetGroup: &rdstypes.DBSubnetGroup{VpcId: aws.String("vpc-1")},
		TagList: []rdstypes.Tag{{Key: aws.String("team"), Value: aws.String("data")}, {}},
	}, "eu-west-1", "100000000001", member{})
	want := provider.Instance{
		ProviderID: "db-1", ProviderURI: "arn:db", DisplayName: "orders", Region: "eu-west-1", Zone: "eu-west-1a",
		State: provider.StateRunning, ProviderState: "available", MachineType: "db.r6g.large",
		Labels: map[string]string{"team": "data"}, CreateTime: created,
		Database: &provider.DatabaseDetails{
			Engine: "postgres", EngineVersion: "16.4", StorageGiB: 100, Endpoint: "orders.example", Port: 5432,
			HighAvailability: true, ReplicaOf: "first", Network: "vpc-1",
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v %+v\nwant %+v %+v", got, got.Database, want, want.Database)
	}
}

func TestDatabase_AuroraMember(t *testing.T) {
	t.Parallel()
	got := database(&rdstypes.DBInstance{
		DBInstanceIdentifier: aws.String("orders-1"), Engine: aws.String("aurora-postgresql"), AllocatedStorage: aws.Int32(1),
	}, "eu-west-1", "100000000001", member{cluster: "orders", writer: true})
	if d := got.Database; d.Cluster != "orders" || !d.ClusterWriter || d.StorageGiB != 0 {
		t.Errorf("got %+v", d)
	}
}

func TestDatabase_ID(t *testing.T) {
	t.Parallel()
	for resource, want := range map[string]string{
		"db-1":           "db-1",
		"":               "arn:aws:rds:eu-west-1:100000000001:db:orders",
		sampleResourceID: "arn:aws:rds:eu-west-1:100000000001:db:orders",
	} {
		got := database(&rdstypes.DBInstance{
			DbiResourceId: aws.String(resource), DBInstanceIdentifier: aws.String("orders"),
		}, "eu-west-1", "100000000001", member{})
		if got.ProviderID != want {
			t.Errorf("with the resource id %q the id is %q, want %q", resource, got.ProviderID, want)
		}
	}
}

// The fuzzer builds instances from JSON, so that any field may be missing. No instance panics, and
// every id is kept.
func FuzzConvert(f *testing.F) {
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"InstanceId":"i-1","State":{"Code":16},"NetworkInterfaces":[{"Attachment":{}}, {"Association":{}}]}`))
	f.Add([]byte(`{"InstanceId":"i-1","Tags":[{"Key":"a"},{}],"NetworkInterfaces":[{"PrivateIpAddresses":[{}],"Ipv6Addresses":[{}]}]}`))
	f.Add([]byte(`{"DBInstanceIdentifier":"db","Endpoint":{},"DBSubnetGroup":{},"TagList":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var (
			ec2Instance ec2types.Instance
			rdsInstance rdstypes.DBInstance
		)
		if json.Unmarshal(data, &ec2Instance) == nil {
			if got := machine(&ec2Instance, "eu-west-1", "100000000001"); got.ProviderID != aws.ToString(ec2Instance.InstanceId) || got.Machine == nil {
				t.Errorf("%s is %+v", data, got)
			}
		}
		if json.Unmarshal(data, &rdsInstance) == nil {
			got := database(&rdsInstance, "eu-west-1", "100000000001", member{})
			if aws.ToString(rdsInstance.DBInstanceIdentifier) != "" && got.ProviderID == "" || got.Database == nil {
				t.Errorf("%s is %+v", data, got)
			}
		}
	})
}
