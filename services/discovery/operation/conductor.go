package operation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Operations holds operations, as their worker needs them. Writes by a claim
// that is no longer good end in ErrOperationLost.
type Operations interface {
	// ClaimOperation takes a queued operation for a worker, with all its targets;
	// NotFound when it is not queued.
	ClaimOperation(ctx context.Context, id, worker string, lease time.Duration) (OperationClaim, *Operation, error)
	// RenewOperation says that the worker lives, and tells whether the operation
	// was cancelled.
	RenewOperation(ctx context.Context, claim OperationClaim, lease time.Duration) (cancelled bool, err error)
	// SaveTarget stores a target, with what the audit is told. ErrInProgress when
	// what it claims for itself is another operation's.
	SaveTarget(ctx context.Context, claim OperationClaim, target *Target, entries ...AuditEntry) error
	// CallTarget stores that a call is about to go out, and when;
	// ErrOperationCancelled when it must not.
	CallTarget(ctx context.Context, claim OperationClaim, target *Target, entry AuditEntry) error
	// KeepStopped has an instance stopped again when it starts by itself.
	KeepStopped(ctx context.Context, claim OperationClaim, target *Target, autoRestart time.Time) error
	// EndOperation ends an operation of which every target has ended.
	EndOperation(ctx context.Context, claim OperationClaim) error
	// ReleaseOperation queues an operation again, for another worker, after a while.
	ReleaseOperation(ctx context.Context, claim OperationClaim, after time.Duration) error
	// NextToken is a fencing token larger than any before.
	NextToken(ctx context.Context) (int64, error)
}

// Recorder takes into the roll what was seen of single instances.
type Recorder interface {
	// Record stores one instance as it was observed, and gives it as the roll has
	// it then; Aborted with reason STALE_OBSERVATION when something newer is known.
	Record(ctx context.Context, observation discovery.Observation, instance *provider.Instance) (*Held, error)
}

// OperationLimits bound the work on operations.
type OperationLimits struct {
	// Lease is how long a worker is taken to be alive after it last said so, which
	// it does every Heartbeat; that is also when it learns of a cancellation.
	Lease, Heartbeat time.Duration
	// Doubt is how long an instance must be seen unchanged before a call of which
	// nobody knows whether the cloud took it is made again.
	Doubt time.Duration
	// Call bounds one call to a cloud that changes something, Look one that does
	// not.
	Call, Look time.Duration
	// PollFirst is the time to the second look at how a call goes; each is half as
	// long again as the one before, up to PollMost.
	PollFirst, PollMost time.Duration
	// RetryFirst is the time to the second try of what failed for the moment; each
	// is twice as long as the one before, for Retries tries in all.
	RetryFirst time.Duration
	Retries    int
	// Machine and Database are how long a start or stop of one may take. Each
	// hundred instances of an operation allow for as much again.
	Machine, Database time.Duration
	// Insist is how long the roll is tried to be told of the last state.
	Insist time.Duration
	// Validate bounds what a caller waits for: a plan, or a search.
	Validate time.Duration
}

// DefaultOperationLimits suit the clouds: machines take a minute or two, databases
// up to an hour.
func DefaultOperationLimits() OperationLimits {
	return OperationLimits{
		Lease: 15 * time.Second, Heartbeat: time.Second, Doubt: 20 * time.Second, Call: time.Minute, Look: 30 * time.Second,
		PollFirst: 300 * time.Millisecond, PollMost: 4 * time.Second,
		RetryFirst: time.Second, Retries: 7,
		Machine: 20 * time.Minute, Database: 90 * time.Minute,
		Insist: 30 * time.Second, Validate: 30 * time.Second,
	}
}

// Conductor works operations. All fields must be set, but for Protection.
type Conductor struct {
	Providers  map[provider.ProviderName]provider.Provider
	Accounts   provider.Keyring
	Roll       Recorder
	Operations Operations
	Limits     OperationLimits
	Protection Protection
	// Worker names this process in operations, for people.
	Worker string
	Logger *slog.Logger
}

// errOver is why work on a target ends when the operation's time is over.
var errOver = errors.New("the operation's time is over")

// working is the work on one operation.
type working struct {
	*Conductor
	claim     OperationClaim
	operation *Operation
	logger    *slog.Logger
	// cancelled is closed when someone has asked to cancel.
	cancelled chan struct{}
	cancel    sync.Once
	places    *places
	// leaders are the targets that the calls on larger things are made for.
	mu      sync.Mutex
	leaders map[string]*pursuit
}

// Work works one operation until all its targets have ended, or ctx has: then it
// is queued again, and whoever takes it goes on where this worker stopped.
func (c *Conductor) Work(ctx context.Context, id string) error {
	claim, operation, err := c.Operations.ClaimOperation(ctx, id, c.Worker, c.Limits.Lease)
	if fault.KindOf(err) == fault.KindNotFound {
		return nil // Ended meanwhile: its job came late.
	}
	if err != nil {
		return err
	}
	w := &working{
		Conductor: c, claim: claim, operation: operation, cancelled: make(chan struct{}), leaders: map[string]*pursuit{},
		logger: c.Logger.With("operation", id, "verb", operation.Verb),
	}
	if !operation.CancelTime.IsZero() {
		w.cancel.Do(func() { close(w.cancelled) })
	}
	held, lose := context.WithCancelCause(ctx)
	beating := make(chan struct{})
	go func() {
		defer close(beating)
		if err := w.beat(held); err != nil {
			lose(err)
		}
	}()
	w.all(held)
	lose(context.Canceled)
	<-beating
	return w.conclude(ctx, context.Cause(held))
}

// conclude ends the operation, or gives it to another worker.
func (w *working) conclude(ctx context.Context, why error) error {
	if fault.ReasonOf(why) == discovery.ReasonOperationLost {
		w.logger.Warn("lost an operation to another worker")
		return nil
	}
	reporting, cancel := context.WithTimeout(context.WithoutCancel(ctx), discovery.ReportLimit)
	defer cancel()
	if slices.ContainsFunc(w.operation.Targets, func(t *Target) bool { return !t.State.Ended() }) {
		after := time.Duration(0)
		if ctx.Err() == nil { // Something is wrong here that may pass.
			after = w.Limits.PollMost
		}
		w.logger.Info("gives an operation to another worker")
		return ignoreLost(w.Operations.ReleaseOperation(reporting, w.claim, after))
	}
	err := discovery.Insist(reporting, func(ctx context.Context) error { return w.Operations.EndOperation(ctx, w.claim) })
	if err == nil {
		w.logger.Info("an operation has ended", "instances", len(w.operation.Targets))
	}
	return ignoreLost(err)
}

func ignoreLost(err error) error {
	if fault.ReasonOf(err) == discovery.ReasonOperationLost {
		return nil
	}
	return err
}

// beat renews the lease until ctx ends. It gives the operation up when the lease
// was lost, or may be: before another takes this worker for dead.
func (w *working) beat(ctx context.Context) error {
	tick := time.NewTicker(w.Limits.Heartbeat)
	defer tick.Stop()
	goodUntil := time.Now().Add(w.Limits.Lease)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		asked := time.Now()
		limited, release := context.WithTimeout(ctx, w.Limits.Lease/discovery.Renewals)
		cancelled, err := w.Operations.RenewOperation(limited, w.claim, w.Limits.Lease)
		release()
		switch {
		case ctx.Err() != nil:
			return nil
		case fault.ReasonOf(err) == discovery.ReasonOperationLost:
			return err
		case err == nil:
			goodUntil = asked.Add(w.Limits.Lease)
		default:
			w.logger.Warn("could not renew the lease of an operation", "error", err)
		}
		if cancelled {
			w.cancel.Do(func() { close(w.cancelled) })
		}
		if time.Now().Add(w.Limits.Lease / discovery.Renewals).After(goodUntil) {
			return ErrOperationLost(w.claim)
		}
	}
}

// all works every target, some at a time: first those that were begun, for others
// may wait for them.
func (w *working) all(ctx context.Context) {
	limited, release := context.WithTimeoutCause(ctx, max(w.claim.Left, 0), errOver)
	defer release()
	w.places = newPlaces(limited, w.Conductor, w.operation.Verb, w.logger)
	defer w.places.wait()
	order := make([]*pursuit, 0, len(w.operation.Targets))
	for _, t := range w.operation.Targets {
		if t.State.Ended() {
			continue
		}
		p := &pursuit{working: w, Target: t, ended: make(chan struct{})}
		order = append(order, p)
		if t.Unit != "" && t.Exclusive == t.Unit {
			w.leaders[t.Unit] = p
		}
	}
	slices.SortStableFunc(order, func(a, b *pursuit) int { return rank(a.State) - rank(b.State) })
	var group errgroup.Group
	group.SetLimit(w.operation.MaxParallel)
	for _, p := range order {
		group.Go(func() error {
			defer close(p.ended)
			p.run(ctx, limited)
			return nil
		})
	}
	_ = group.Wait() // Each target keeps what came of it.
}

// rank puts targets whose call may be out first.
func rank(state TargetState) int {
	switch state {
	case TargetCalled, TargetWaiting:
		return 0
	case TargetChecking:
		return 1
	default:
		return 2 //nolint:mnd // Last.
	}
}

// isCancelled tells whether someone has asked to cancel.
func (w *working) isCancelled() bool {
	select {
	case <-w.cancelled:
		return true
	default:
		return false
	}
}

// pause waits for a while, for ctx, or, where no call is out, for a cancellation.
func (w *working) pause(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
	case <-wake:
	}
	return nil
}

// TimeFor is how long an operation on so many instances may take.
func (l OperationLimits) TimeFor(targets []*Target) time.Duration {
	longest := l.Machine
	for _, t := range targets {
		if t.Kind == provider.Database {
			longest = max(longest, l.Database)
		}
	}
	return longest * time.Duration(1+len(targets)/100) //nolint:mnd // As Machine says.
}

// timedOut is the refusal for want of time.
func (t *Target) timedOut(verb provider.Verb) *fault.Error {
	if t.State == TargetCalled || t.State == TargetWaiting {
		return fault.ForReason(fault.ReasonTimeout, fmt.Sprintf("the cloud was called, and was not seen to have %s it in the operation's time; it is %s",
			verb.Done(), stateText(t.CurrentState, t.ProviderState)), "Look at the instance: the cloud may still be at it.", nil)
	}
	return fault.ForReason(fault.ReasonTimeout, "its turn did not come in the operation's time; the cloud was not called", "Ask again.", nil).AsRetryable()
}
