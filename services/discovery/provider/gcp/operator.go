package gcp

import (
	"context"
	"fmt"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// idempotencyWindow is how long Compute Engine certainly recognizes a request id. It documents no
// time; those APIs of Google that do document an hour.
const idempotencyWindow = 30 * time.Minute

// Check polls instances of a scope and returns the obstacles to the verb.
func (s *session) Check(
	ctx context.Context, scope provider.ScopeID, verb provider.Verb, wanted []provider.Wanted, calls provider.Calls,
) ([]provider.Assessment, error) {
	findings, err := s.Probe(ctx, scope, wanted, calls)
	if err != nil {
		return nil, err
	}
	assessments := make([]provider.Assessment, len(findings))
	for i := range findings {
		assessments[i].Finding = findings[i]
		switch instance := findings[i].Instance; {
		case instance == nil:
		case instance.Machine != nil:
			assessments[i].Obstacle = machineObstacle(instance, verb)
		case instance.Database != nil:
			assessments[i].Obstacle = databaseObstacle(instance, verb)
		}
	}
	return assessments, nil
}

// Act makes the one call that starts, resumes or stops an instance.
func (s *session) Act(ctx context.Context, order provider.Order, calls provider.Calls) provider.Receipt { //nolint:gocritic // The contract's.
	switch order.Kind {
	case cloud.VirtualMachine:
		return s.actOnMachine(ctx, &order, calls)
	case cloud.Database:
		return s.actOnDatabase(ctx, &order, calls)
	}
	return provider.Receipt{Effect: provider.NotTaken, Refusal: fault.ForReason(fault.ReasonUnsupported,
		fmt.Sprintf("Rollcall can't %s a %s of Google Cloud", order.Verb.Word(), order.Kind), "", nil)}
}

// Follow polls the progress of orders once.
func (s *session) Follow(
	ctx context.Context, scope provider.ScopeID, orders []provider.PlacedOrder, calls provider.Calls,
) ([]provider.Progress, error) {
	wanted := make([]provider.Wanted, len(orders))
	for i := range orders {
		wanted[i] = wantedOf(&orders[i].Instance)
	}
	findings, err := s.Probe(ctx, scope, wanted, calls)
	if err != nil {
		return nil, err
	}
	var operations map[string]*cloudOperation
	if scope.Kind == cloud.VirtualMachine {
		operations = s.machineOperations(ctx, scope.Location, orders, calls)
	} else {
		operations = s.databaseOperations(ctx, scope.Location, orders, findings, calls)
	}
	progress := make([]provider.Progress, len(orders))
	for i := range orders {
		order := &orders[i]
		switch {
		case findings[i].Evidence == provider.NotFound:
			progress[i] = provider.Progress{Effect: provider.InDoubt, Refusal: errDeleted(order.Instance.DisplayName)}
		case findings[i].Instance == nil:
			progress[i] = provider.Progress{Effect: provider.InDoubt}
		default:
			progress[i] = observedProgress(order, findings[i].Instance)
		}
		operations[order.Instance.ProviderID].addTo(&progress[i])
		progress[i].Finding = findings[i]
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return progress, nil
}

// IdempotencyWindow returns how long request ids are recognized. Cloud SQL has none.
func (s *session) IdempotencyWindow(kind cloud.Kind) time.Duration {
	if kind == cloud.VirtualMachine {
		return idempotencyWindow
	}
	return 0
}

func wantedOf(i *provider.Instance) provider.Wanted {
	return provider.Wanted{ProviderID: i.ProviderID, ProviderURI: i.ProviderURI, DisplayName: i.DisplayName, Zone: i.Zone}
}

// errDeleted returns the fault of an instance that was deleted.
func errDeleted(name string) *fault.Error {
	return fault.ForReason(fault.ReasonTerminated, name+" was deleted", "", nil)
}

// observedProgress returns the progress of an order that the state of the instance shows. The time
// of its last start distinguishes a start that happened from one that did not.
func observedProgress(order *provider.PlacedOrder, now *provider.Instance) provider.Progress {
	startedAfterCall := func(tolerance time.Duration) bool {
		return now.Machine != nil && !order.CallTime.IsZero() &&
			!now.Machine.StartTime.Before(order.CallTime.Add(tolerance).Truncate(time.Millisecond))
	}
	progress := provider.Progress{Effect: provider.InDoubt}
	switch {
	case isBeingDeleted(now):
		progress.Refusal = errDeleted(now.DisplayName)
	case order.Verb == provider.Start && (now.State == provider.StatePending || startedAfterCall(0)),
		order.Verb == provider.Start && now.State == provider.StateRunning && order.Instance.State != provider.StateRunning,
		order.Verb == provider.Stop && (now.State == provider.StateStopped || now.State == provider.StateStopping):
		progress.Effect = provider.Taken
	case order.Verb == provider.Stop && startedAfterCall(clockTolerance):
		progress.Effect = provider.Taken
		progress.Refusal = fault.ForReason(fault.ReasonCloudFailed, now.DisplayName+" was stopped, and somebody else started it again", "", nil)
	}
	return progress
}

func isBeingDeleted(i *provider.Instance) bool {
	return i.ProviderState == "DEPROVISIONING" || i.ProviderState == "PENDING_DELETE"
}

// cloudOperation is an operation of Google Cloud that a call began.
type cloudOperation struct {
	name    string
	done    bool
	refusal *fault.Error
}

// addTo adds an operation to the progress that the instance shows. That the operation exists proves
// the call, and only the operation states why the call failed. A nil operation adds nothing.
func (o *cloudOperation) addTo(progress *provider.Progress) {
	if o == nil {
		return
	}
	progress.Effect, progress.Reference, progress.Busy = provider.Taken, o.name, !o.done
	if o.refusal != nil {
		progress.Refusal = o.refusal
	}
}

var (
	_ provider.Operator   = (*session)(nil)
	_ provider.Recognizer = (*Provider)(nil)
)
