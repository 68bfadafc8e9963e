package gcp

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	sqladmin "google.golang.org/api/sqladmin/v1"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// databaseObstacle returns why a Cloud SQL instance can't be started or stopped now (Cloud SQL,
// "Start, stop, and restart instances"). It returns nil if nothing is known.
func databaseObstacle(i *provider.Instance, verb provider.Verb) *fault.Error {
	switch {
	case isBeingDeleted(i):
		return errDeleted(i.DisplayName)
	case i.State == provider.StatePending && verb == provider.Stop, i.State == provider.StateMaintenance:
		return errBusy(i)
	case i.State == provider.StateFailed, i.State == provider.StateSuspended:
		return fault.ForReason(fault.ReasonInvalidState,
			fmt.Sprintf("%s is %s: Cloud SQL does not change it in this state", i.DisplayName, i.ProviderState),
			"Look at the instance in the cloud: it is out of order, or suspended because of its billing.", nil)
	case verb == provider.Start:
		return nil
	case i.Database.ReplicaOf != "":
		return fault.ForReason(fault.ReasonCantStopReplicas,
			fmt.Sprintf("%s is a read replica of %s: Cloud SQL does not stop replicas", i.DisplayName, i.Database.ReplicaOf),
			"Promote or delete the replica.", nil)
	case len(i.Database.Replicas) > 0:
		return fault.ForReason(fault.ReasonCantStopReplicas,
			fmt.Sprintf("%s has the read replica %s, which can't replicate while it is stopped", i.DisplayName, strings.Join(i.Database.Replicas, ", ")),
			"Promote or delete its replicas first.", nil)
	}
	return nil
}

// The activation policies (Cloud SQL Admin API, SqlActivationPolicy).
const (
	always = "ALWAYS"
	never  = "NEVER"
)

// actOnDatabase starts or stops one Cloud SQL instance by its activation policy.
func (s *session) actOnDatabase(ctx context.Context, order *provider.Order, calls provider.Calls) provider.Receipt {
	policy := map[provider.Verb]string{provider.Start: always, provider.Stop: never}[order.Verb]
	c := databaseCall("cloudsql.instances.update", order.Location)
	return s.actOnce(ctx, order.Verb, c, calls, func(ctx context.Context, transport http.RoundTripper) (string, error) {
		sql, err := s.provider.newSQL(ctx, transport)
		if err != nil {
			return "", err
		}
		patch := func() (*sqladmin.Operation, error) {
			return answered(sql.Instances.Patch(s.project, databaseName(wantedOf(&order.Instance)), &sqladmin.DatabaseInstance{
				Settings: &sqladmin.Settings{ActivationPolicy: policy},
			}).Context(ctx).Do())
		}
		op, err := patch()
		// A server that supports only the older paths did nothing, so this repeats no effect.
		if isUnknownPath(err) && s.useBeta() {
			op, err = patch()
		}
		if err != nil {
			return "", err
		}
		if op.Name == "" {
			return "", &unexpectedAnswerError{"operation", op.Kind}
		}
		return op.Name, nil
	})
}

// latestOperations is the number of operations that are searched for one whose name was lost.
const latestOperations = 20

// databaseOperations returns the operations that orders began, by the id of the database.
func (s *session) databaseOperations(
	ctx context.Context, region string, orders []provider.PlacedOrder, findings []provider.Finding, calls provider.Calls,
) map[string]*cloudOperation {
	operations := map[string]*cloudOperation{}
	c := databaseCall("cloudsql.instances.get", region)
	for i := range orders {
		order := &orders[i]
		if ctx.Err() != nil {
			return operations
		}
		op, err := attempt(ctx, s, calls, c, func(ctx context.Context) (*sqladmin.Operation, error) {
			if order.Reference != "" {
				return answered(s.sql.Operations.Get(s.project, order.Reference).Context(ctx).Do())
			}
			return s.findDatabaseOperation(ctx, order, findings[i].Instance)
		})
		if err == nil && op != nil && op.Name != "" {
			operations[order.Instance.ProviderID] = databaseOperation(op, c, order.Verb)
		}
	}
	return operations
}

// findDatabaseOperation returns the latest update of the database that may be the effect of the
// call, or nil. An operation does not state what it changes, so the time of the call decides.
func (s *session) findDatabaseOperation(ctx context.Context, order *provider.PlacedOrder, now *provider.Instance) (*sqladmin.Operation, error) {
	page, err := answered(s.sql.Operations.List(s.project).Instance(databaseName(wantedOf(&order.Instance))).MaxResults(latestOperations).Context(ctx).Do())
	if err != nil {
		return nil, err
	}
	since := order.CallTime
	if now != nil && now.State == order.Verb.Wanted() {
		since = since.Add(-clockTolerance) // The operation had the wanted effect.
	}
	for _, op := range page.Items { // The latest one is the first.
		if op != nil && op.OperationType == "UPDATE" && !parseTime(op.InsertTime).Before(since.Truncate(time.Millisecond)) {
			return op, nil
		}
	}
	return nil, nil
}

func databaseOperation(op *sqladmin.Operation, c call, verb provider.Verb) *cloudOperation {
	o := &cloudOperation{name: op.Name, done: op.Status == "DONE"}
	if op.Error != nil && len(op.Error.Errors) > 0 && op.Error.Errors[0] != nil {
		first := op.Error.Errors[0]
		o.done, o.refusal = true, operationRefusal(c, verb, first.Code, first.Message)
	}
	return o
}
