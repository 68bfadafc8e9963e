package gcp

import (
	"context"
	"fmt"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// remembered is for how long Compute Engine surely knows a request by its id. It
// promises no time; Google's APIs that do promise an hour.
const remembered = 30 * time.Minute

// Check looks at instances of a scope, and says what stands against the verb.
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
		fmt.Sprintf("Rollcall can't %s a %s of Google Cloud", order.Verb.Word(), order.Kind.Plural()), "", nil)}
}

// Follow looks once at how calls go.
func (s *session) Follow(
	ctx context.Context, scope provider.ScopeID, pursuits []provider.PlacedOrder, calls provider.Calls,
) ([]provider.Progress, error) {
	wanted := make([]provider.Wanted, len(pursuits))
	for i := range pursuits {
		wanted[i] = wantedOf(&pursuits[i].Instance)
	}
	findings, err := s.Probe(ctx, scope, wanted, calls)
	if err != nil {
		return nil, err
	}
	var works map[string]*work
	if scope.Kind == cloud.VirtualMachine {
		works = s.machineWorks(ctx, scope.Location, pursuits, calls)
	} else {
		works = s.databaseWorks(ctx, scope.Location, pursuits, findings, calls)
	}
	progress := make([]provider.Progress, len(pursuits))
	for i := range pursuits {
		p := &pursuits[i]
		switch {
		case findings[i].Evidence == provider.NotFound:
			progress[i] = provider.Progress{Effect: provider.InDoubt, Refusal: deleted(p.Instance.DisplayName)}
		case findings[i].Instance == nil:
			progress[i] = provider.Progress{Effect: provider.InDoubt}
		default:
			progress[i] = seen(p, findings[i].Instance)
		}
		works[p.Instance.ProviderID].tell(&progress[i])
		progress[i].Finding = findings[i]
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return progress, nil
}

// IdempotencyWindow: Compute Engine knows requests by an id, Cloud SQL knows none.
func (s *session) IdempotencyWindow(kind cloud.Kind) time.Duration {
	if kind == cloud.VirtualMachine {
		return remembered
	}
	return 0
}

func wantedOf(i *provider.Instance) provider.Wanted {
	return provider.Wanted{ProviderID: i.ProviderID, ProviderURI: i.ProviderURI, DisplayName: i.DisplayName, Zone: i.Zone}
}

func deleted(name string) *fault.Error {
	return fault.ForReason(fault.ReasonTerminated, name+" was deleted", "", nil)
}

// seen is how far a call has come, by what is shown of the instance. A VM's last
// start tells a start that was made from one that was not.
func seen(p *provider.PlacedOrder, now *provider.Instance) provider.Progress {
	started := func(spare time.Duration) bool {
		return now.Machine != nil && !p.CallTime.IsZero() && !now.Machine.StartTime.Before(p.CallTime.Add(spare).Truncate(time.Millisecond))
	}
	progress := provider.Progress{Effect: provider.InDoubt}
	switch {
	case isGoing(now):
		progress.Refusal = deleted(now.DisplayName)
	case p.Verb == provider.Start && (now.State == provider.StatePending || started(0)),
		p.Verb == provider.Start && now.State == provider.StateRunning && p.Instance.State != provider.StateRunning,
		p.Verb == provider.Stop && (now.State == provider.StateStopped || now.State == provider.StateStopping):
		progress.Effect = provider.Taken
	case p.Verb == provider.Stop && started(clockSpare):
		progress.Effect = provider.Taken
		progress.Refusal = fault.ForReason(fault.ReasonCloudFailed, now.DisplayName+" was stopped, and started again by somebody else", "", nil)
	}
	return progress
}

// isGoing tells an instance that is being deleted.
func isGoing(i *provider.Instance) bool {
	return i.ProviderState == "DEPROVISIONING" || i.ProviderState == "PENDING_DELETE"
}

// work is an operation of Google Cloud's that a call began.
type work struct {
	reference string
	done      bool
	refusal   *fault.Error
}

// tell adds what the operation shows to what the instance does: that it is there
// proves the call, and it alone says why it failed.
func (w *work) tell(progress *provider.Progress) {
	if w == nil {
		return
	}
	progress.Effect, progress.Reference, progress.Busy = provider.Taken, w.reference, !w.done
	if w.refusal != nil {
		progress.Refusal = w.refusal
	}
}

var (
	_ provider.Operator   = (*session)(nil)
	_ provider.Recognizer = (*Provider)(nil)
)
