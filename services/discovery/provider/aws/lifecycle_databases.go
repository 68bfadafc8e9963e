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

// startable are the statuses from which RDS starts a database besides stopped
// (RDS API Reference, StartDBInstance).
var startable = []string{"inaccessible-encryption-credentials-recoverable", "incompatible-network"}

// assessDatabases says what stands against a start or stop of databases. Members
// of a cluster start and stop with it.
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

// restartNote: RDS User Guide, "Stopping an Amazon RDS DB instance temporarily".
const restartNote = "RDS starts it again by itself when it has been stopped for seven days."

// databaseInWay is a status in which the call is not allowed: RDS stops what is
// available and starts what is stopped.
func databaseInWay(name string, state provider.State, word string, verb provider.Verb) *fault.Error {
	if word == "deleting" || word == "delete-precheck" {
		return terminated(name)
	}
	if state == verb.Wanted() || onItsWay(state, verb) || state == provider.StateUnknown {
		return nil
	}
	says := fmt.Sprintf("%s is %s: RDS stops only what is available", name, word)
	if verb == provider.Start {
		if word == "stopped" || slices.Contains(startable, word) {
			return nil
		}
		says = fmt.Sprintf("%s is %s: RDS starts only what is stopped", name, word)
	} else if word == "available" {
		return nil
	}
	refusal := fault.ForReason(fault.ReasonInvalidState, says, "", nil)
	if state != provider.StateFailed {
		return refusal.AsRetryable() // It is busy with something that ends.
	}
	refusal.Remedy = "Mend the database first; its status says what it wants."
	return refusal
}

// onItsWay tells that a state leads to the wanted one by itself.
func onItsWay(state provider.State, verb provider.Verb) bool {
	return verb == provider.Start && state == provider.StatePending || verb == provider.Stop && state == provider.StateStopping
}

// databaseCantStop is why RDS does not stop a database (RDS User Guide, "Stopping
// an Amazon RDS DB instance temporarily", limitations).
func databaseCantStop(i *provider.Instance) *fault.Error {
	d := i.Database
	switch {
	case d.ReplicaOf != "":
		return fault.ForReason(fault.ReasonCantStopReplicas,
			fmt.Sprintf("%s is a read replica of %s: RDS stops no replicas", i.DisplayName, d.ReplicaOf),
			"Promote or delete the replica.", nil)
	case len(d.Replicas) > 0:
		return fault.ForReason(fault.ReasonCantStopReplicas,
			fmt.Sprintf("%s has the read replica %s: RDS stops no database that has any", i.DisplayName, strings.Join(d.Replicas, ", ")),
			"Promote or delete its replicas first.", nil)
	case strings.HasPrefix(d.Engine, "sqlserver") && d.HighAvailability:
		return fault.ForReason(fault.ReasonCantStopMultiAZ,
			i.DisplayName+" is SQL Server with a standby in another zone: RDS stops no such database",
			"Make it a database of a single zone first.", nil)
	}
	return nil
}

// rdsAct is a client for one call that changes something.
func (s *session) rdsAct(order *provider.Order, permission string) (*act, *rds.Client) {
	a := s.act(order, "RDS", permission)
	return a, rds.NewFromConfig(s.config, func(o *rds.Options) {
		o.Region, o.HTTPClient, o.Retryer = order.Location, a.client, aws.NopRetryer{}
		o.APIOptions = append(o.APIOptions, a.watch)
	})
}

// actOnDatabase starts or stops one database that stands alone.
func (s *session) actOnDatabase(ctx context.Context, order *provider.Order, calls provider.Calls) provider.Receipt {
	name := aws.String(databaseName(wantedOf(&order.Instance)))
	if order.Verb == provider.Start {
		a, client := s.rdsAct(order, "rds:StartDBInstance")
		return a.once(ctx, calls, func(ctx context.Context) (provider.State, string, error) {
			out, err := client.StartDBInstance(ctx, &rds.StartDBInstanceInput{DBInstanceIdentifier: name})
			if err != nil || out.DBInstance == nil {
				return "", "", err
			}
			word := aws.ToString(out.DBInstance.DBInstanceStatus)
			return databaseState(word), word, nil
		})
	}
	a, client := s.rdsAct(order, "rds:StopDBInstance")
	return a.once(ctx, calls, func(ctx context.Context) (provider.State, string, error) {
		out, err := client.StopDBInstance(ctx, &rds.StopDBInstanceInput{DBInstanceIdentifier: name})
		if err != nil || out.DBInstance == nil {
			return "", "", err
		}
		word := aws.ToString(out.DBInstance.DBInstanceStatus)
		return databaseState(word), word, nil
	})
}

// databaseProgress is how far a start or stop has come, by what RDS shows of the
// database, and of its cluster where that was acted on.
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
		progress.Effect, progress.Busy = provider.Taken, true // It is up, and not available yet.
	case now.State == provider.StateFailed && p.Instance.State != provider.StateFailed:
		progress.Effect = provider.Taken
		progress.Refusal = failedDatabase(now, p.Verb)
	}
	return progress
}

func failedDatabase(now *provider.Instance, verb provider.Verb) *fault.Error {
	says := fmt.Sprintf("RDS gave it up to %s %s: its status is %s", verb.Word(), now.DisplayName, now.ProviderState)
	if now.ProviderState == "insufficient-capacity" {
		return fault.ForReason(fault.ReasonInsufficientCapacity, says, remedyCapacity, nil).AsRetryable()
	}
	return fault.ForReason(fault.ReasonCloudFailed, says, "Mend what the status says; the RDS events of the database tell more.", nil)
}
