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

// databasesAPage is the most that DescribeDBInstances and DescribeDBClusters
// give at once (RDS API Reference).
const databasesAPage = 100

// readDatabases lists a region's RDS and Aurora instances. Clusters come first:
// what they know of their members goes with those.
func (s *session) readDatabases(ctx context.Context, region string, sink provider.Sink) error {
	client := rds.NewFromConfig(s.config, func(o *rds.Options) { o.Region = region })
	members, err := s.clusterMembers(ctx, client, region, sink)
	if err != nil {
		return err
	}
	pages := rds.NewDescribeDBInstancesPaginator(client, &rds.DescribeDBInstancesInput{MaxRecords: s.provider.pageSize(fewestDatabases, databasesAPage)})
	list := listing[*rds.DescribeDBInstancesOutput]{
		session: s,
		at:      call{service: "RDS", region: region, permission: "rds:DescribeDBInstances"},
		calls:   sink,
		more:    pages.HasMorePages,
		read:    func(ctx context.Context) (*rds.DescribeDBInstancesOutput, error) { return pages.NextPage(ctx) },
		token:   func(page *rds.DescribeDBInstancesOutput) *string { return page.Marker },
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

// databases are a page's instances.
func (s *session) databases(region string, page []types.DBInstance, members map[string]member) ([]provider.Instance, error) {
	instances := make([]provider.Instance, 0, len(page))
	for i := range page {
		instance := database(&page[i], region, s.account.CloudID, members[aws.ToString(page[i].DBInstanceIdentifier)])
		if instance.ProviderID == "" {
			return nil, nonsense("RDS in " + region + " sent a database without an id")
		}
		instances = append(instances, instance)
	}
	return instances, nil
}

// member is what a cluster knows of one of its instances.
type member struct {
	cluster string
	writer  bool
	// status of the cluster, RDS's own word.
	status string
}

// clusterMembers are the members of all of a region's clusters, by instance
// identifier.
func (s *session) clusterMembers(
	ctx context.Context, client *rds.Client, region string, calls provider.Calls,
) (map[string]member, error) {
	members := map[string]member{}
	pages := rds.NewDescribeDBClustersPaginator(client, &rds.DescribeDBClustersInput{MaxRecords: s.provider.pageSize(fewestDatabases, databasesAPage)})
	list := listing[*rds.DescribeDBClustersOutput]{
		session: s,
		at:      call{service: "RDS", region: region, permission: "rds:DescribeDBClusters"},
		calls:   calls,
		more:    pages.HasMorePages,
		read:    func(ctx context.Context) (*rds.DescribeDBClustersOutput, error) { return pages.NextPage(ctx) },
		token:   func(page *rds.DescribeDBClustersOutput) *string { return page.Marker },
		pass: func(_ context.Context, page *rds.DescribeDBClustersOutput) error {
			addMembers(members, page.DBClusters)
			return nil
		},
	}
	err := list.all(ctx)
	if knowsNot(err) {
		return nil, nil
	}
	return members, err
}

// knowsNot tells that what answers has never heard of the action: it is not AWS
// but something that speaks a part of its protocol, and has no clusters.
func knowsNot(err error) bool {
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
