package aws

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// cluster has the details of a database cluster that start and stop need.
type cluster struct {
	name    string
	state   provider.State
	status  string
	members []string
	// cantStop is why the cluster can't be stopped, as the end of a sentence; "" if it can.
	cantStop string
}

// clusterARN returns the ARN of the cluster that a database is a member of.
func clusterARN(i *provider.Instance, account string) string {
	return fmt.Sprintf("arn:%s:rds:%s:%s:cluster:%s", partitionOfRegion(i.Region), i.Region, account, i.Database.Cluster)
}

// clusterName returns the identifier in the ARN of a cluster.
func clusterName(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }

func unitsOf(orders []provider.PlacedOrder) []string {
	var units []string
	for i := range orders {
		if orders[i].Unit != "" {
			units = append(units, orders[i].Unit)
		}
	}
	return units
}

// clustersPerCall is the number of clusters in one call.
const clustersPerCall = 100

// clustersOf returns the clusters with these ARNs, by ARN. It omits clusters that can't be read; their
// members are then assessed without them.
func (s *session) clustersOf(ctx context.Context, region string, arns []string, calls provider.Calls) map[string]*cluster {
	clusters := map[string]*cluster{}
	slices.Sort(arns)
	client := rds.NewFromConfig(s.config, func(o *rds.Options) { o.Region = region })
	at := call{service: "RDS", region: region, permission: "rds:DescribeDBClusters"}
	for some := range slices.Chunk(slices.Compact(arns), clustersPerCall) {
		names := make([]string, len(some))
		byName := map[string]string{}
		for i, arn := range some {
			names[i] = clusterName(arn)
			byName[names[i]] = arn
		}
		input := &rds.DescribeDBClustersInput{
			MaxRecords: aws.Int32(databasesPerPage), Filters: []types.Filter{{Name: aws.String("db-cluster-id"), Values: names}},
		}
		list := listing[*rds.DescribeDBClustersOutput]{
			session: s, at: at, calls: calls,
			read: func(ctx context.Context, token *string) (*rds.DescribeDBClustersOutput, error) {
				input.Marker = token
				return client.DescribeDBClusters(ctx, input)
			},
			next: func(page *rds.DescribeDBClustersOutput) *string { return page.Marker },
			pass: func(_ context.Context, page *rds.DescribeDBClustersOutput) error {
				for i := range page.DBClusters {
					if arn, asked := byName[aws.ToString(page.DBClusters[i].DBClusterIdentifier)]; asked {
						clusters[arn] = newCluster(&page.DBClusters[i])
					}
				}
				return nil
			},
		}
		if list.all(ctx) != nil {
			return clusters
		}
	}
	return clusters
}

// newCluster converts a cluster. The Aurora User Guide lists those that can't be stopped ("Stopping
// and starting an Amazon Aurora DB cluster", limitations).
func newCluster(c *types.DBCluster) *cluster {
	status := aws.ToString(c.Status)
	read := &cluster{name: aws.ToString(c.DBClusterIdentifier), state: databaseState(status), status: status}
	for _, m := range c.DBClusterMembers {
		read.members = append(read.members, aws.ToString(m.DBInstanceIdentifier))
	}
	slices.Sort(read.members)
	switch mode := aws.ToString(c.EngineMode); {
	case mode == "serverless":
		read.cantStop = "is a serverless cluster (v1), which pauses by itself"
	case mode == "multimaster":
		read.cantStop = "is a multi-master cluster"
	case mode == "global", aws.ToString(c.GlobalClusterIdentifier) != "":
		read.cantStop = "is part of a global database"
	case aws.ToString(c.ReplicationSourceIdentifier) != "":
		read.cantStop = "is a read replica of " + aws.ToString(c.ReplicationSourceIdentifier)
	case len(c.ReadReplicaIdentifiers) > 0:
		read.cantStop = "has the read replica " + strings.Join(c.ReadReplicaIdentifiers, ", ")
	}
	return read
}

// clusterAssessment returns the obstacle to a start or stop of a member's cluster, and notes about the
// further effects.
func clusterAssessment(i *provider.Instance, of *cluster, verb provider.Verb) (*fault.Error, []string) {
	acts := map[provider.Verb]string{provider.Start: "Starts", provider.Stop: "Stops"}[verb]
	if of == nil {
		note := fmt.Sprintf("%s the cluster %s with all its members.", acts, i.Database.Cluster)
		return databaseInWay(i.DisplayName, i.State, i.ProviderState, verb), []string{note}
	}
	notes := []string{fmt.Sprintf("%s the cluster %s with its member %s.", acts, of.name, strings.Join(of.members, ""))}
	if len(of.members) != 1 {
		notes[0] = fmt.Sprintf("%s the cluster %s with all its %d members: %s.", acts, of.name, len(of.members), strings.Join(of.members, ", "))
	}
	if verb == provider.Stop {
		notes = append(notes, restartNote)
		if of.cantStop != "" {
			return fault.ForReason(fault.ReasonCantStopCluster, fmt.Sprintf("the cluster %s %s: it can't be stopped", of.name, of.cantStop), "", nil), notes
		}
	}
	return databaseInWay("the cluster "+of.name, of.state, of.status, verb), notes
}

// actOnCluster starts or stops the cluster that a database is a member of.
func (s *session) actOnCluster(ctx context.Context, order *provider.Order, calls provider.Calls) provider.Receipt {
	name := aws.String(clusterName(order.Unit))
	if order.Verb == provider.Start {
		a, client := s.rdsAct(order, "rds:StartDBCluster")
		return a.once(ctx, calls, func(ctx context.Context) (provider.State, string, error) {
			out, err := client.StartDBCluster(ctx, &rds.StartDBClusterInput{DBClusterIdentifier: name})
			if err != nil || out.DBCluster == nil {
				return "", "", err
			}
			status := aws.ToString(out.DBCluster.Status)
			return databaseState(status), status, nil
		})
	}
	a, client := s.rdsAct(order, "rds:StopDBCluster")
	return a.once(ctx, calls, func(ctx context.Context) (provider.State, string, error) {
		out, err := client.StopDBCluster(ctx, &rds.StopDBClusterInput{DBClusterIdentifier: name})
		if err != nil || out.DBCluster == nil {
			return "", "", err
		}
		status := aws.ToString(out.DBCluster.Status)
		return databaseState(status), status, nil
	})
}
