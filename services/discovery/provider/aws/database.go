package aws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// sampleResourceID is an example of AWS's documentation. Some simulators, such as moto, give it to
// every database, so it identifies none.
const sampleResourceID = "db-M5ENSHXFPU6XHZ4G4ZEI5QIO2U"

// database converts an RDS instance. Any of its fields may be missing.
func database(i *types.DBInstance, region, account string, of member) provider.Instance {
	name := aws.ToString(i.DBInstanceIdentifier)
	arn := aws.ToString(i.DBInstanceArn)
	if arn == "" && name != "" {
		arn = fmt.Sprintf("arn:%s:rds:%s:%s:db:%s", partitionOfRegion(region), region, account, name)
	}
	id := aws.ToString(i.DbiResourceId)
	if id == "" || id == sampleResourceID {
		id = arn
	}
	if name == "" {
		name = id
	}
	labels := make(map[string]string, len(i.TagList))
	for _, tag := range i.TagList {
		if tag.Key != nil {
			labels[*tag.Key] = aws.ToString(tag.Value)
		}
	}
	status := of.statusOf(aws.ToString(i.DBInstanceStatus))
	return provider.Instance{
		ProviderID:    id,
		ProviderURI:   arn,
		DisplayName:   name,
		Region:        region,
		Zone:          aws.ToString(i.AvailabilityZone),
		State:         databaseState(status),
		ProviderState: status,
		MachineType:   aws.ToString(i.DBInstanceClass),
		Labels:        labels,
		CreateTime:    aws.ToTime(i.InstanceCreateTime),
		Database:      databaseDetails(i, of),
	}
}

// statusOf returns the status of a member with its own status. Members start and stop with their
// cluster: while the cluster is stopped, stopping or starting, no member is available, even if
// its own status (of a simulator, or a little late) is.
func (m member) statusOf(own string) string {
	if own == "available" && (m.status == "stopped" || m.status == "stopping" || m.status == "starting") {
		return m.status
	}
	return own
}

func databaseDetails(i *types.DBInstance, of member) *provider.DatabaseDetails {
	details := &provider.DatabaseDetails{
		Engine:           aws.ToString(i.Engine),
		EngineVersion:    aws.ToString(i.EngineVersion),
		StorageGiB:       int64(aws.ToInt32(i.AllocatedStorage)),
		HighAvailability: aws.ToBool(i.MultiAZ),
		ReplicaOf:        aws.ToString(i.ReadReplicaSourceDBInstanceIdentifier),
		Cluster:          aws.ToString(i.DBClusterIdentifier),
		ClusterWriter:    of.writer,
		AutoRestartTime:  aws.ToTime(i.AutomaticRestartTime),
		Replicas:         slices.Concat(i.ReadReplicaDBInstanceIdentifiers, i.ReadReplicaDBClusterIdentifiers),
	}
	if details.ReplicaOf == "" {
		details.ReplicaOf = aws.ToString(i.ReadReplicaSourceDBClusterIdentifier)
	}
	if details.Cluster == "" {
		details.Cluster = of.cluster
	}
	if strings.HasPrefix(details.Engine, "aurora") {
		// The storage of Aurora belongs to the cluster and grows by itself; RDS reports 1.
		details.StorageGiB = 0
	}
	if i.Endpoint != nil {
		details.Endpoint = aws.ToString(i.Endpoint.Address)
		details.Port = aws.ToInt32(i.Endpoint.Port)
	}
	if i.DBSubnetGroup != nil {
		details.Network = aws.ToString(i.DBSubnetGroup.VpcId)
	}
	return details
}
