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

// cluster is a database cluster as far as start and stop go.
type cluster struct {
	name    string
	state   provider.State
	word    string
	members []string
	// cantStop says what sort of cluster it is that can't be stopped; "" when it
	// can.
	cantStop string
}

// clusterARN is the address of the cluster that a database is a member of.
func clusterARN(i *provider.Instance, account string) string {
	return fmt.Sprintf("arn:%s:rds:%s:%s:cluster:%s", partitionOfRegion(i.Region), i.Region, account, i.Database.Cluster)
}

// clusterName is the identifier in a cluster's ARN.
func clusterName(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }

func unitsOf(pursuits []provider.PlacedOrder) []string {
	var units []string
	for i := range pursuits {
		if pursuits[i].Unit != "" {
			units = append(units, pursuits[i].Unit)
		}
	}
	return units
}

// clustersAsked are asked for in one call.
const clustersAsked = 100

// clustersOf are the clusters with these ARNs, by ARN. One that can't be asked
// for is not among them: what is known of its members has to do.
func (s *session) clustersOf(ctx context.Context, region string, arns []string, calls provider.Calls) map[string]*cluster {
	clusters := map[string]*cluster{}
	slices.Sort(arns)
	client := rds.NewFromConfig(s.config, func(o *rds.Options) { o.Region = region })
	at := call{service: "RDS", region: region, permission: "rds:DescribeDBClusters"}
	for some := range slices.Chunk(slices.Compact(arns), clustersAsked) {
		names := make([]string, len(some))
		byName := map[string]string{}
		for i, arn := range some {
			names[i] = clusterName(arn)
			byName[names[i]] = arn
		}
		pages := rds.NewDescribeDBClustersPaginator(client, &rds.DescribeDBClustersInput{
			MaxRecords: aws.Int32(databasesAPage), Filters: []types.Filter{{Name: aws.String("db-cluster-id"), Values: names}},
		})
		list := listing[*rds.DescribeDBClustersOutput]{
			session: s, at: at, calls: calls,
			more:  pages.HasMorePages,
			read:  func(ctx context.Context) (*rds.DescribeDBClustersOutput, error) { return pages.NextPage(ctx) },
			token: func(page *rds.DescribeDBClustersOutput) *string { return page.Marker },
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

// newCluster reads a cluster. Which can't be stopped: Aurora User Guide, "Stopping
// and starting an Amazon Aurora DB cluster", limitations.
func newCluster(c *types.DBCluster) *cluster {
	word := aws.ToString(c.Status)
	read := &cluster{name: aws.ToString(c.DBClusterIdentifier), state: databaseState(word), word: word}
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

// clusterAssessment says what stands against the start or stop of a member's
// cluster, and what goes with it.
func clusterAssessment(i *provider.Instance, of *cluster, verb provider.Verb) (*fault.Error, []string) {
	does := map[provider.Verb]string{provider.Start: "Starts", provider.Stop: "Stops"}[verb]
	if of == nil {
		note := fmt.Sprintf("%s the cluster %s with all its members.", does, i.Database.Cluster)
		return databaseInWay(i.DisplayName, i.State, i.ProviderState, verb), []string{note}
	}
	notes := []string{fmt.Sprintf("%s the cluster %s with its member %s.", does, of.name, strings.Join(of.members, ""))}
	if len(of.members) != 1 {
		notes[0] = fmt.Sprintf("%s the cluster %s with all its %d members: %s.", does, of.name, len(of.members), strings.Join(of.members, ", "))
	}
	if verb == provider.Stop {
		notes = append(notes, restartNote)
		if of.cantStop != "" {
			return fault.ForReason(fault.ReasonCantStopCluster, fmt.Sprintf("the cluster %s %s: it can't be stopped", of.name, of.cantStop), "", nil), notes
		}
	}
	return databaseInWay("the cluster "+of.name, of.state, of.word, verb), notes
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
			word := aws.ToString(out.DBCluster.Status)
			return databaseState(word), word, nil
		})
	}
	a, client := s.rdsAct(order, "rds:StopDBCluster")
	return a.once(ctx, calls, func(ctx context.Context) (provider.State, string, error) {
		out, err := client.StopDBCluster(ctx, &rds.StopDBClusterInput{DBClusterIdentifier: name})
		if err != nil || out.DBCluster == nil {
			return "", "", err
		}
		word := aws.ToString(out.DBCluster.Status)
		return databaseState(word), word, nil
	})
}
