package operation

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// plan asks the cloud how the targets are, says of each what would be done, and
// does nothing.
func (d *Dispatcher) plan(ctx context.Context, operation *Operation) (*Operation, error) {
	limited, cancel := context.WithDeadline(ctx, d.until(ctx))
	defer cancel()
	conductor := &Conductor{
		Providers: d.Providers, Accounts: d.Accounts, Roll: d.Instances, Operations: planning{Ledger: d.Ledger},
		Limits: d.Limits, Protection: d.Protection, Logger: d.Logger,
	}
	places := newPlaces(limited, conductor, operation.Verb, d.Logger)
	var group errgroup.Group
	group.SetLimit(lookAtOnce)
	for _, t := range operation.Targets {
		if t.State.Ended() {
			continue
		}
		group.Go(func() error {
			d.planOne(limited, operation, places, t)
			return nil
		})
	}
	_ = group.Wait() // Each target keeps what came of it.
	places.wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if t := operation.Targets; !operation.Batch && t[0].Refusal != nil {
		return nil, faultOf(t[0].Refusal, &Held{ID: t[0].Instance})
	}
	return operation, d.auditPlan(ctx, operation)
}

// planOne says what would be done about one target: what a worker would decide
// at this moment.
func (d *Dispatcher) planOne(ctx context.Context, operation *Operation, places *places, t *Target) {
	w := &working{Conductor: places.Conductor, operation: operation, logger: d.Logger, places: places}
	p := &pursuit{working: w, Target: t}
	refusal := func() *fault.Error {
		place, err := places.of(ctx, t.Account, t.ScopeID)
		if err != nil {
			return asRefusal(err)
		}
		p.place = place
		assessment, held, err := p.assess(ctx)
		if err != nil {
			return asRefusal(err)
		}
		t.Notes, t.Unit = assessment.Notes, assessment.Unit
		verdict, refusal := p.decide(assessment, held)
		if refusal != nil {
			return refusal
		}
		state := stateText(t.CurrentState, t.ProviderState)
		switch verdict {
		case alreadySo:
			t.Already = true
			t.step(TargetSucceeded, fmt.Sprintf("nothing: it is %s already", state))
		case onItsWay:
			t.step(TargetWaiting, fmt.Sprintf("nothing: it is %s already; it would be watched", state))
		case mustCall, notNow:
			t.step(TargetPending, fmt.Sprintf("it is %s and would be %s", state, operation.Verb.Done()))
		}
		return nil
	}()
	if refusal != nil {
		t.Refusal = refusal
		t.step(TargetFailed, refusal.Message)
	}
}

// auditPlan tells the audit what was asked.
func (d *Dispatcher) auditPlan(ctx context.Context, operation *Operation) error {
	entries := make([]AuditEntry, 0, len(operation.Targets))
	for _, t := range operation.Targets {
		entries = append(entries, operation.entry(AuditValidated, t))
	}
	return d.Ledger.Audit(ctx, entries...)
}

// planning is what a plan needs of Operations: nothing is stored.
type planning struct {
	Operations
	Ledger Ledger
}

// NextToken is a fencing token larger than any before.
func (p planning) NextToken(ctx context.Context) (int64, error) { return p.Ledger.NextToken(ctx) }

// fault is the refusal as an error.
func faultOf(r *fault.Error, held *Held) *fault.Error {
	kind, ok := kindOfRefusal[r.Reason]
	if !ok {
		kind = fault.KindFailedPrecondition
	}
	text := InstanceName(held.ID) + ": " + r.Message
	if r.Remedy != "" {
		text += ". " + r.Remedy
	}
	return fault.New(kind, r.Reason, "%s", text).With("name", InstanceName(held.ID)).
		With("remedy", r.Remedy).WithCause(errors.Unwrap(r))
}

// kindOfRefusal is how a refusal that is known at once leaves.
var kindOfRefusal = map[fault.Reason]fault.Kind{
	fault.ReasonInsufficientCapacity: fault.KindResourceExhausted,
	fault.ReasonQuotaExceeded:        fault.KindResourceExhausted,
	fault.ReasonThrottled:            fault.KindResourceExhausted,
	fault.ReasonPermissionDenied:     fault.KindPermissionDenied,
	fault.ReasonNotFound:             fault.KindNotFound,
	fault.ReasonUnreachable:          fault.KindUnavailable,
	fault.ReasonOperationInProgress:  fault.KindAborted,
	fault.ReasonEtagMismatch:         fault.KindAborted,
	fault.ReasonInternal:             fault.KindUnavailable,
	fault.ReasonTimeout:              fault.KindUnavailable,
}
