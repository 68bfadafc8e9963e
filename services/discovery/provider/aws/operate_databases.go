package aws

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// startable lists the statuses besides stopped from which RDS starts a database (RDS API Reference,
// StartDBInstance).
var startable = []string{"inaccessible-encryption-credentials-recoverable", "incompatible-network"}

// assessDatabases sets the obstacles to a start or stop of databases. Members of a cluster start and
// stop with it.
func (s *session) assessDatabases(
	ctx context.Context, region string, verb provider.Verb, assessments []provider.Assessment, calls provider.Calls,
) {
	var units []string
	for i := range assessments {
		a := &assessments[i]
		if a.Instance == nil || a.Instance.Database == nil {
			continue
		}
		if a.Instance.Database.Cluster != "" {
			a.Unit = clusterARN(a.Instance, s.account.CloudID)
			units = append(units, a.Unit)
		}
	}
	clusters := s.clustersOf(ctx, region, units, calls)
	for i := range assessments {
		a := &assessments[i]
		switch {
		case a.Instance == nil || a.Instance.Database == nil:
		case a.Unit != "":
			a.Obstacle, a.Notes = clusterAssessment(a.Instance, clusters[a.Unit], verb)
		default:
			a.Obstacle = databaseInWay(a.Instance.DisplayName, a.Instance.State, a.Instance.ProviderState, verb)
			if a.Obstacle == nil && verb == provider.Stop {
				a.Obstacle = databaseCantStop(a.Instance)
			}
			if verb == provider.Stop {
				a.Notes = append(a.Notes, restartNote)
			}
		}
	}
}

// restartNote is the note of every stop (RDS User Guide, "Stopping an Amazon RDS DB instance
// temporarily").
const restartNote = "RDS starts it again by itself after it was stopped for seven days."

// databaseInWay returns the obstacle of a status that does not permit the call: RDS stops available
// databases and starts stopped ones.
func databaseInWay(name string, state provider.State, status string, verb provider.Verb) *fault.Error {
	if status == "deleting" || status == "delete-precheck" {
		return terminated(name)
	}
	if state == verb.Wanted() || onItsWay(state, verb) || state == provider.StateUnknown {
		return nil
	}
	problem := fmt.Sprintf("%s is %s: RDS stops only available databases", name, status)
	if verb == provider.Start {
		if status == "stopped" || slices.Contains(startable, status) {
			return nil
		}
		problem = fmt.Sprintf("%s is %s: RDS starts only stopped databases", name, status)
	} else if status == "available" {
		return nil
	}
	refusal := fault.ForReason(fault.ReasonInvalidState, problem, "", nil)
	if state != provider.StateFailed {
		return refusal.AsRetryable() // The status changes by itself.
	}
	refusal.Remedy = "Fix the database first; its status shows the problem."
	return refusal
}

// onItsWay reports whether a state leads to the wanted one by itself.
func onItsWay(state provider.State, verb provider.Verb) bool {
	return verb == provider.Start && state == provider.StatePending || verb == provider.Stop && state == provider.StateStopping
}

// databaseCantStop returns why RDS does not stop a database (RDS User Guide, "Stopping an Amazon RDS
// DB instance temporarily", limitations).
func databaseCantStop(i *provider.Instance) *fault.Error {
	d := i.Database
	switch {
	case d.ReplicaOf != "":
		return fault.ForReason(fault.ReasonCantStopReplicas,
			fmt.Sprintf("%s is a read replica of %s: RDS stops no replicas", i.DisplayName, d.ReplicaOf),
			"Promote or delete the replica.", nil)
	case len(d.Replicas) > 0:
		return fault.ForReason(fault.ReasonCantStopReplicas,
			fmt.Sprintf("%s has the read replica %s: RDS stops no database with replicas", i.DisplayName, strings.Join(d.Replicas, ", ")),
			"Promote or delete its replicas first.", nil)
	case strings.HasPrefix(d.Engine, "sqlserver") && d.HighAvailability:
		return fault.ForReason(fault.ReasonCantStopMultiAZ,
			i.DisplayName+" is SQL Server with a standby in another zone: RDS stops no such database",
			"Make it a database of a single zone first.", nil)
	}
	return nil
}

// rdsAct returns a client for one call that changes something.
func (s *session) rdsAct(order *provider.Order, permission string) (*act, *rds.Client) {
	a := s.act(order, "RDS", permission)
	return a, rds.NewFromConfig(s.config, func(o *rds.Options) {
		o.Region, o.HTTPClient, o.Retryer = order.Location, a.client, aws.NopRetryer{}
		o.APIOptions = append(o.APIOptions, a.watch)
	})
}

// actOnDatabase starts or stops one database that is not a member of a cluster.
func (s *session) actOnDatabase(ctx context.Context, order *provider.Order, calls provider.Calls) provider.Receipt {
	name := aws.String(databaseName(wantedOf(&order.Instance)))
	if order.Verb == provider.Start {
		a, client := s.rdsAct(order, "rds:StartDBInstance")
		return a.once(ctx, calls, func(ctx context.Context) (provider.State, string, error) {
			out, err := client.StartDBInstance(ctx, &rds.StartDBInstanceInput{DBInstanceIdentifier: name})
			if err != nil || out.DBInstance == nil {
				return "", "", err
			}
			status := aws.ToString(out.DBInstance.DBInstanceStatus)
			return databaseState(status), status, nil
		})
	}
	a, client := s.rdsAct(order, "rds:StopDBInstance")
	return a.once(ctx, calls, func(ctx context.Context) (provider.State, string, error) {
		out, err := client.StopDBInstance(ctx, &rds.StopDBInstanceInput{DBInstanceIdentifier: name})
		if err != nil || out.DBInstance == nil {
			return "", "", err
		}
		status := aws.ToString(out.DBInstance.DBInstanceStatus)
		return databaseState(status), status, nil
	})
}

// databaseProgress returns the progress of a start or stop by the status of the database, and by that
// of its cluster if the call was made on the cluster.
func databaseProgress(p *provider.PlacedOrder, now *provider.Instance, of *cluster) provider.Progress {
	if now.ProviderState == "deleting" || now.ProviderState == "delete-precheck" {
		return provider.Progress{Effect: provider.InDoubt, Refusal: terminated(now.DisplayName)}
	}
	progress := provider.Progress{Effect: provider.InDoubt}
	moved := now.State == p.Verb.Wanted() || onItsWay(now.State, p.Verb)
	if of != nil {
		moved = moved || of.state == p.Verb.Wanted() || onItsWay(of.state, p.Verb)
		progress.Busy = onItsWay(of.state, p.Verb)
	}
	switch {
	case moved:
		progress.Effect = provider.Taken
	case p.Verb == provider.Start && now.State == provider.StateMaintenance && p.Instance.State == provider.StateStopped:
		progress.Effect, progress.Busy = provider.Taken, true // It runs, and is not available yet.
	case now.State == provider.StateFailed && p.Instance.State != provider.StateFailed:
		progress.Effect = provider.Taken
		progress.Refusal = failedDatabase(now, p.Verb)
	}
	return progress
}

func failedDatabase(now *provider.Instance, verb provider.Verb) *fault.Error {
	problem := fmt.Sprintf("RDS failed to %s %s: its status is %s", verb.Word(), now.DisplayName, now.ProviderState)
	if now.ProviderState == "insufficient-capacity" {
		return fault.ForReason(fault.ReasonInsufficientCapacity, problem, remedyCapacity, nil).AsRetryable()
	}
	return fault.ForReason(fault.ReasonCloudFailed, problem, "Fix the problem that the status names; the RDS events of the database have the details.", nil)
}
