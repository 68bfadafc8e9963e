package aws

import (
	"context"
	"fmt"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
)

// Check looks at instances of a scope, and says what stands against the verb.
// Whether the credentials may do it is not tried: an endpoint that knows no dry
// runs would do it for real.
func (s *session) Check(
	ctx context.Context, scope discovery.ScopeID, verb discovery.Verb, wanted []discovery.Wanted, calls discovery.Calls,
) ([]discovery.Assessment, error) {
	findings, err := s.Find(ctx, scope, wanted, calls)
	if err != nil {
		return nil, err
	}
	assessments := make([]discovery.Assessment, len(findings))
	for i := range findings {
		assessments[i].Finding = findings[i]
	}
	if scope.Kind == discovery.VirtualMachine {
		s.assessMachines(ctx, scope.Location, verb, assessments, calls)
	} else {
		s.assessDatabases(ctx, scope.Location, verb, assessments, calls)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return assessments, nil
}

// Act makes the one call that starts or stops an instance, or the cluster that it
// is a member of.
func (s *session) Act(ctx context.Context, order discovery.Order, calls discovery.Calls) discovery.Receipt { //nolint:gocritic // The contract's.
	switch {
	case order.Kind == discovery.VirtualMachine:
		return s.actOnMachine(ctx, &order, calls)
	case order.Kind == discovery.Database && order.Unit != "":
		return s.actOnCluster(ctx, &order, calls)
	case order.Kind == discovery.Database:
		return s.actOnDatabase(ctx, &order, calls)
	}
	return discovery.Receipt{Effect: discovery.NotTaken, Refusal: discovery.NewRefusal(discovery.Unsupported,
		fmt.Sprintf("Rollcall can't %s a %s of AWS", order.Verb.Word(), order.Kind), "", nil)}
}

// Follow looks once at how calls go.
func (s *session) Follow(
	ctx context.Context, scope discovery.ScopeID, pursuits []discovery.Pursuit, calls discovery.Calls,
) ([]discovery.Progress, error) {
	wanted := make([]discovery.Wanted, len(pursuits))
	for i := range pursuits {
		wanted[i] = wantedOf(&pursuits[i].Instance)
	}
	findings, err := s.Find(ctx, scope, wanted, calls)
	if err != nil {
		return nil, err
	}
	var clusters map[string]*cluster
	if scope.Kind == discovery.Database {
		clusters = s.clustersOf(ctx, scope.Location, unitsOf(pursuits), calls)
	}
	progress := make([]discovery.Progress, len(pursuits))
	for i := range pursuits {
		p := &pursuits[i]
		switch {
		case findings[i].Evidence == discovery.NotFound:
			progress[i] = ended(findings[i], p.Verb)
		case findings[i].Instance == nil:
			progress[i] = discovery.Progress{Effect: discovery.InDoubt}
		case scope.Kind == discovery.VirtualMachine:
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

// Remembers: AWS knows no request to start or stop by a key.
func (s *session) Remembers(discovery.Kind) time.Duration { return 0 }

func wantedOf(i *discovery.Instance) discovery.Wanted {
	return discovery.Wanted{ProviderID: i.ProviderID, ProviderURI: i.ProviderURI, DisplayName: i.DisplayName, Zone: i.Zone}
}

// ended is the progress of what is there no more.
func ended(f discovery.Finding, verb discovery.Verb) discovery.Progress {
	return discovery.Progress{Effect: discovery.InDoubt, Refusal: discovery.NewRefusal(discovery.IsTerminated,
		fmt.Sprintf("AWS has no %s any more: it was deleted while it was to %s", f.ProviderID, verb.Word()), "", nil)}
}

var (
	_ discovery.Operator   = (*session)(nil)
	_ discovery.Recognizer = (*Provider)(nil)
)
