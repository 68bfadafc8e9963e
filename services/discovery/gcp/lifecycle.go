package gcp

import (
	"context"
	"fmt"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
)

// remembered is for how long Compute Engine surely knows a request by its id. It
// promises no time; Google's APIs that do promise an hour.
const remembered = 30 * time.Minute

// Check looks at instances of a scope, and says what stands against the verb.
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
func (s *session) Act(ctx context.Context, order discovery.Order, calls discovery.Calls) discovery.Receipt { //nolint:gocritic // The contract's.
	switch order.Kind {
	case discovery.VirtualMachine:
		return s.actOnMachine(ctx, &order, calls)
	case discovery.Database:
		return s.actOnDatabase(ctx, &order, calls)
	}
	return discovery.Receipt{Effect: discovery.NotTaken, Refusal: discovery.NewRefusal(discovery.Unsupported,
		fmt.Sprintf("Rollcall can't %s a %s of Google Cloud", order.Verb.Word(), order.Kind), "", nil)}
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
	var works map[string]*work
	if scope.Kind == discovery.VirtualMachine {
		works = s.machineWorks(ctx, scope.Location, pursuits, calls)
	} else {
		works = s.databaseWorks(ctx, scope.Location, pursuits, findings, calls)
	}
	progress := make([]discovery.Progress, len(pursuits))
	for i := range pursuits {
		p := &pursuits[i]
		switch {
		case findings[i].Evidence == discovery.NotFound:
			progress[i] = discovery.Progress{Effect: discovery.InDoubt, Refusal: deleted(p.Instance.DisplayName)}
		case findings[i].Instance == nil:
			progress[i] = discovery.Progress{Effect: discovery.InDoubt}
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

// Remembers: Compute Engine knows requests by an id, Cloud SQL knows none.
func (s *session) Remembers(kind discovery.Kind) time.Duration {
	if kind == discovery.VirtualMachine {
		return remembered
	}
	return 0
}

func wantedOf(i *discovery.Instance) discovery.Wanted {
	return discovery.Wanted{ProviderID: i.ProviderID, ProviderURI: i.ProviderURI, DisplayName: i.DisplayName, Zone: i.Zone}
}

func deleted(name string) *discovery.Refusal {
	return discovery.NewRefusal(discovery.IsTerminated, name+" was deleted", "", nil)
}

// seen is how far a call has come, by what is shown of the instance. A VM's last
// start tells a start that was made from one that was not.
func seen(p *discovery.Pursuit, now *discovery.Instance) discovery.Progress {
	started := func(spare time.Duration) bool {
		return now.Machine != nil && !p.CallTime.IsZero() && !now.Machine.StartTime.Before(p.CallTime.Add(spare).Truncate(time.Millisecond))
	}
	progress := discovery.Progress{Effect: discovery.InDoubt}
	switch {
	case isGoing(now):
		progress.Refusal = deleted(now.DisplayName)
	case p.Verb == discovery.Start && (now.State == discovery.StatePending || started(0)),
		p.Verb == discovery.Start && now.State == discovery.StateRunning && p.Instance.State != discovery.StateRunning,
		p.Verb == discovery.Stop && (now.State == discovery.StateStopped || now.State == discovery.StateStopping):
		progress.Effect = discovery.Taken
	case p.Verb == discovery.Stop && started(clockSpare):
		progress.Effect = discovery.Taken
		progress.Refusal = discovery.NewRefusal(discovery.CloudFailed, now.DisplayName+" was stopped, and started again by somebody else", "", nil)
	}
	return progress
}

// isGoing tells an instance that is being deleted.
func isGoing(i *discovery.Instance) bool {
	return i.ProviderState == "DEPROVISIONING" || i.ProviderState == "PENDING_DELETE"
}

// work is an operation of Google Cloud's that a call began.
type work struct {
	reference string
	done      bool
	refusal   *discovery.Refusal
}

// tell adds what the operation shows to what the instance does: that it is there
// proves the call, and it alone says why it failed.
func (w *work) tell(progress *discovery.Progress) {
	if w == nil {
		return
	}
	progress.Effect, progress.Reference, progress.Busy = discovery.Taken, w.reference, !w.done
	if w.refusal != nil {
		progress.Refusal = w.refusal
	}
}

var (
	_ discovery.Operator   = (*session)(nil)
	_ discovery.Recognizer = (*Provider)(nil)
)
