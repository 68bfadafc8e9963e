package aws

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/smithy-go"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// databasesPerPage is the largest page of DescribeDBInstances and DescribeDBClusters (RDS API
// Reference).
const databasesPerPage = 100

// readDatabases lists the RDS and Aurora instances of a region. It reads the clusters first, because
// their members need details that only the cluster has.
func (s *session) readDatabases(ctx context.Context, region string, sink provider.Sink) error {
	client := rds.NewFromConfig(s.config, func(o *rds.Options) { o.Region = region })
	members, err := s.clusterMembers(ctx, client, region, sink)
	if err != nil {
		return err
	}
	input := &rds.DescribeDBInstancesInput{MaxRecords: s.provider.pageSize(fewestDatabases, databasesPerPage)}
	list := listing[*rds.DescribeDBInstancesOutput]{
		session: s,
		at:      call{service: "RDS", region: region, permission: "rds:DescribeDBInstances"},
		calls:   sink,
		read: func(ctx context.Context, token *string) (*rds.DescribeDBInstancesOutput, error) {
			input.Marker = token
			return client.DescribeDBInstances(ctx, input)
		},
		next: func(page *rds.DescribeDBInstancesOutput) *string { return page.Marker },
		pass: func(ctx context.Context, page *rds.DescribeDBInstancesOutput) error {
			instances, err := s.databases(region, page.DBInstances, members)
			if err != nil {
				return err
			}
			return sink.Page(ctx, instances)
		},
	}
	return list.all(ctx)
}

// databases converts the instances of a page.
func (s *session) databases(region string, page []types.DBInstance, members map[string]member) ([]provider.Instance, error) {
	instances := make([]provider.Instance, 0, len(page))
	for i := range page {
		instance := database(&page[i], region, s.account.CloudID, members[aws.ToString(page[i].DBInstanceIdentifier)])
		if instance.ProviderID == "" {
			return nil, provider.InvalidAnswer("RDS in " + region + " sent a database without an id")
		}
		instances = append(instances, instance)
	}
	return instances, nil
}

// member has the details of an instance that only its cluster has.
type member struct {
	cluster string
	writer  bool
	// status of the cluster, as RDS spells it.
	status string
}

// clusterMembers returns the members of all clusters of a region, by instance identifier.
func (s *session) clusterMembers(
	ctx context.Context, client *rds.Client, region string, calls provider.Calls,
) (map[string]member, error) {
	members := map[string]member{}
	input := &rds.DescribeDBClustersInput{MaxRecords: s.provider.pageSize(fewestDatabases, databasesPerPage)}
	list := listing[*rds.DescribeDBClustersOutput]{
		session: s,
		at:      call{service: "RDS", region: region, permission: "rds:DescribeDBClusters"},
		calls:   calls,
		read: func(ctx context.Context, token *string) (*rds.DescribeDBClustersOutput, error) {
			input.Marker = token
			return client.DescribeDBClusters(ctx, input)
		},
		next: func(page *rds.DescribeDBClustersOutput) *string { return page.Marker },
		pass: func(_ context.Context, page *rds.DescribeDBClustersOutput) error {
			addMembers(members, page.DBClusters)
			return nil
		},
	}
	err := list.all(ctx)
	if hasNoClusters(err) {
		return nil, nil
	}
	return members, err
}

// hasNoClusters reports whether the endpoint does not know the action. Then it is not AWS but a
// simulator of a part of its API, and has no clusters.
func hasNoClusters(err error) bool {
	apiError, ok := errors.AsType[smithy.APIError](err)
	return ok && (apiError.ErrorCode() == "InvalidAction" || apiError.ErrorCode() == "UnknownOperationException")
}

func addMembers(to map[string]member, clusters []types.DBCluster) {
	for i := range clusters {
		cluster := &clusters[i]
		for _, m := range cluster.DBClusterMembers {
			to[aws.ToString(m.DBInstanceIdentifier)] = member{
				cluster: aws.ToString(cluster.DBClusterIdentifier),
				writer:  aws.ToBool(m.IsClusterWriter),
				status:  aws.ToString(cluster.Status),
			}
		}
	}
}
