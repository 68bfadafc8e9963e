package gcp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"google.golang.org/api/googleapi"
	sqladmin "google.golang.org/api/sqladmin/v1"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// databaseObstacle is why a Cloud SQL instance can't be started or stopped now
// (Cloud SQL, "Start, stop, and restart instances").
func databaseObstacle(i *provider.Instance, verb provider.Verb) *fault.Error {
	switch {
	case isGoing(i):
		return deleted(i.DisplayName)
	case i.State == provider.StatePending && verb == provider.Stop, i.State == provider.StateMaintenance:
		return fault.ForReason(fault.ReasonInvalidState, fmt.Sprintf("%s is %s: that has to end first", i.DisplayName, i.ProviderState), "", nil).AsRetryable()
	case i.State == provider.StateFailed, i.State == provider.StateSuspended:
		return fault.ForReason(fault.ReasonInvalidState, fmt.Sprintf("%s is %s: Cloud SQL changes nothing of it", i.DisplayName, i.ProviderState),
			"Look at the instance in the cloud: it is out of order, or suspended for its billing.", nil)
	case verb == provider.Start:
		return nil
	case i.Database.ReplicaOf != "":
		return fault.ForReason(fault.ReasonCantStopReplicas,
			fmt.Sprintf("%s is a read replica of %s: Cloud SQL stops no replicas", i.DisplayName, i.Database.ReplicaOf),
			"Promote or delete the replica.", nil)
	case len(i.Database.Replicas) > 0:
		return fault.ForReason(fault.ReasonCantStopReplicas,
			fmt.Sprintf("%s has the read replica %s, which has nothing to copy while it is stopped", i.DisplayName, strings.Join(i.Database.Replicas, ", ")),
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
	at := call{service: "Cloud SQL", place: order.Location, api: sqlAPI, permission: "cloudsql.instances.update"}
	policy := map[provider.Verb]string{provider.Start: always, provider.Stop: never}[order.Verb]
	return s.actOnce(ctx, order.Verb, at, calls, func(ctx context.Context, transport http.RoundTripper) (string, error) {
		sql, err := s.provider.newSQL(ctx, transport)
		if err != nil {
			return "", err
		}
		patch := func() (*sqladmin.Operation, error) {
			return got(sql.Instances.Patch(s.project, databaseName(wantedOf(&order.Instance)), &sqladmin.DatabaseInstance{
				Settings: &sqladmin.Settings{ActivationPolicy: policy},
			}).Context(ctx).Do())
		}
		op, err := patch()
		// A peer that knows only the older paths did nothing.
		if api, ok := errors.AsType[*googleapi.Error](err); ok && api.Code == http.StatusNotFound && len(api.Errors) == 0 && s.useBeta() {
			op, err = patch()
		}
		if err != nil {
			return "", err
		}
		if op.Name == "" {
			return "", &oddAnswerError{"operation", op.Kind}
		}
		return op.Name, nil
	})
}

// latestOperations are looked at for one whose name was lost.
const latestOperations = 20

// databaseWorks are the operations behind pursuits of databases, by the
// database's id.
func (s *session) databaseWorks(ctx context.Context, region string, pursuits []provider.PlacedOrder, findings []provider.Finding, calls provider.Calls) map[string]*work {
	works := map[string]*work{}
	at := call{service: "Cloud SQL", place: region, api: sqlAPI, permission: "cloudsql.instances.get"}
	for i := range pursuits {
		p := &pursuits[i]
		if ctx.Err() != nil {
			return works
		}
		op, err := attempt(ctx, s, calls, at, func(ctx context.Context) (*sqladmin.Operation, error) {
			if p.Reference != "" {
				return got(s.sql.Operations.Get(s.project, p.Reference).Context(ctx).Do())
			}
			return s.lostOperation(ctx, p, findings[i].Instance)
		})
		if err == nil && op != nil && op.Name != "" {
			works[p.Instance.ProviderID] = databaseWork(op, at, p.Verb)
		}
	}
	return works
}

// lostOperation is the latest update of the database that may be what the call
// began; nil when there is none. An operation does not say what it is to change:
// one that began when the call did is taken for it.
func (s *session) lostOperation(ctx context.Context, p *provider.PlacedOrder, now *provider.Instance) (*sqladmin.Operation, error) {
	page, err := got(s.sql.Operations.List(s.project).Instance(databaseName(wantedOf(&p.Instance))).MaxResults(latestOperations).Context(ctx).Do())
	if err != nil {
		return nil, err
	}
	since := p.CallTime
	if now != nil && now.State == p.Verb.Wanted() {
		since = since.Add(-clockSpare) // It did what was wanted.
	}
	for _, op := range page.Items { // The latest come first.
		if op != nil && op.OperationType == "UPDATE" && !timeOf(op.InsertTime).Before(since.Truncate(time.Millisecond)) {
			return op, nil
		}
	}
	return nil, nil
}

func databaseWork(op *sqladmin.Operation, at call, verb provider.Verb) *work {
	w := &work{reference: op.Name, done: op.Status == "DONE"}
	if op.Error != nil && len(op.Error.Errors) > 0 && op.Error.Errors[0] != nil {
		first := op.Error.Errors[0]
		w.done, w.refusal = true, operationRefusal(at, verb, first.Code, first.Message)
	}
	return w
}
