package aws

import (
	"context"
	"fmt"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Check polls instances of a scope and assesses whether the verb is possible. It does not try the
// permission: an endpoint without dry runs would execute the call.
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
	}
	if scope.Kind == cloud.VirtualMachine {
		s.assessMachines(ctx, scope.Location, verb, assessments, calls)
	} else {
		s.assessDatabases(ctx, scope.Location, verb, assessments, calls)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return assessments, nil
}

// Act makes the call that starts or stops an instance, or the cluster that it is a member of.
func (s *session) Act(ctx context.Context, order provider.Order, calls provider.Calls) provider.Receipt { //nolint:gocritic // The contract's.
	switch {
	case order.Kind == cloud.VirtualMachine:
		return s.actOnMachine(ctx, &order, calls)
	case order.Kind == cloud.Database && order.Unit != "":
		return s.actOnCluster(ctx, &order, calls)
	case order.Kind == cloud.Database:
		return s.actOnDatabase(ctx, &order, calls)
	}
	return provider.Receipt{Effect: provider.NotTaken, Refusal: fault.ForReason(fault.ReasonUnsupported,
		fmt.Sprintf("Rollcall can't %s a %s of AWS", order.Verb.Word(), order.Kind.Plural()), "", nil)}
}

// Follow polls the progress of placed orders.
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
	var clusters map[string]*cluster
	if scope.Kind == cloud.Database {
		clusters = s.clustersOf(ctx, scope.Location, unitsOf(orders), calls)
	}
	progress := make([]provider.Progress, len(orders))
	for i := range orders {
		p := &orders[i]
		switch {
		case findings[i].Evidence == provider.NotFound:
			progress[i] = ended(findings[i], p.Verb)
		case findings[i].Instance == nil:
			progress[i] = provider.Progress{Effect: provider.InDoubt}
		case scope.Kind == cloud.VirtualMachine:
			progress[i] = machineProgress(p, findings[i].Instance)
		default:
			progress[i] = databaseProgress(p, findings[i].Instance, clusters[p.Unit])
		}
		progress[i].Finding = findings[i]
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return progress, nil
}

// IdempotencyWindow returns 0: requests to start or stop have no key in AWS.
func (s *session) IdempotencyWindow(cloud.Kind) time.Duration { return 0 }

func wantedOf(i *provider.Instance) provider.Wanted {
	return provider.Wanted{ProviderID: i.ProviderID, ProviderURI: i.ProviderURI, DisplayName: i.DisplayName, Zone: i.Zone}
}

// ended returns the progress of an instance that no longer exists.
func ended(f provider.Finding, verb provider.Verb) provider.Progress {
	return provider.Progress{Effect: provider.InDoubt, Refusal: fault.ForReason(fault.ReasonTerminated,
		fmt.Sprintf("%s no longer exists: it was deleted before the %s was done", f.ProviderID, verb.Word()), "", nil)}
}

var (
	_ provider.Operator   = (*session)(nil)
	_ provider.Recognizer = (*Provider)(nil)
)
