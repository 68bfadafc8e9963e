package operation

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/lease"
)

// Executor runs operations. All fields must be set, except Protection.
type Executor struct {
	Providers  map[cloud.Provider]provider.Provider
	Accounts   provider.CredentialSource
	Inventory  Inventory
	Store      Store
	Limits     Limits
	Protection Protection
	// Worker names this process in operations, for people.
	Worker string
	Logger *slog.Logger
}

// errOver is the cause of a context that ends with the time of the operation.
var errOver = errors.New("the time of the operation is over")

// execution is the work on one operation whose lease this worker has.
type execution struct {
	store     Store
	limits    Limits
	claim     Claim
	operation *Operation
	checker   checker
	sessions  *sessions
	units     *units
	cancelled *signal
	logger    *slog.Logger
}

// Run works on one operation until all its targets have ended, or until ctx ends: then the
// operation is queued again, and another worker continues where this one stopped.
func (e *Executor) Run(ctx context.Context, id string) error {
	claim, operation, err := e.Store.ClaimOperation(ctx, id, e.Worker, e.Limits.Lease)
	if fault.KindOf(err) == fault.KindNotFound {
		return nil // It has ended: the job is late.
	}
	if err != nil {
		return err
	}
	logger := e.Logger.With("operation", id, "verb", operation.Verb)
	cancelled := newSignal(!operation.CancelTime.IsZero())
	leased, held := lease.Hold(ctx, lease.Options{
		Duration: e.Limits.Lease, Every: e.Limits.Heartbeat, IsLost: isLost, Logger: logger,
		Renew: func(ctx context.Context, _ bool) error {
			isCancelled, err := e.Store.RenewOperation(ctx, claim, e.Limits.Lease)
			if isCancelled {
				cancelled.set()
			}
			return err
		},
	})
	limited, cancel := context.WithTimeoutCause(leased, max(claim.Left, 0), errOver)
	defer cancel()
	observer := observer{tokens: e.Store, limit: e.Limits.Read, logger: logger}
	x := &execution{
		store: e.Store, limits: e.Limits, claim: claim, operation: operation,
		checker:   checker{operation: operation, protection: e.Protection, observer: observer, retries: e.Limits.Retries},
		sessions:  newSessions(limited, operation.Verb, signIn{providers: e.Providers, accounts: e.Accounts}, e.Inventory, observer),
		units:     newUnits(),
		cancelled: cancelled, logger: logger,
	}
	x.runTargets(leased, limited)
	held.Release()
	return x.conclude(ctx, context.Cause(leased))
}

// runTargets works on every target, some at a time. Those whose call may be out come
// first, because others may depend on them. limited is leased with the time limit of the
// operation.
func (x *execution) runTargets(leased, limited context.Context) {
	defer x.sessions.wait()
	runs := make([]*targetRun, 0, len(x.operation.Targets))
	for _, t := range x.operation.Targets {
		if t.State.Ended() {
			continue
		}
		run := newTargetRun(x, t)
		runs = append(runs, run)
		if t.Unit != "" && t.Exclusive == t.Unit {
			x.units.lead(run)
		}
	}
	slices.SortStableFunc(runs, func(a, b *targetRun) int { return rank(a.target.State) - rank(b.target.State) })
	var group errgroup.Group
	group.SetLimit(x.operation.MaxParallel)
	for _, run := range runs {
		group.Go(func() error {
			defer close(run.ended)
			run.run(leased, limited)
			return nil
		})
	}
	_ = group.Wait() // The result of each is in its target.
}

// rank orders targets by how far their work has come.
func rank(state TargetState) int {
	switch state {
	case TargetCalled, TargetWaiting:
		return 0
	case TargetChecking:
		return 1
	default:
		return 2 //nolint:mnd // The last rank.
	}
}

// conclude ends the operation, or releases it for another worker. cause is why the work
// has ended.
func (x *execution) conclude(ctx context.Context, cause error) error {
	if isLost(cause) || errors.Is(cause, lease.ErrExpired) {
		x.logger.Warn("lease lost", "error", cause)
		return nil
	}
	reporting, cancel := context.WithTimeout(context.WithoutCancel(ctx), discovery.ReportLimit)
	defer cancel()
	if slices.ContainsFunc(x.operation.Targets, func(t *Target) bool { return !t.State.Ended() }) {
		pause := time.Duration(0)
		if ctx.Err() == nil { // A fault of this worker, which may pass.
			pause = x.limits.PollMax
		}
		x.logger.Info("operation released")
		return ignoreLost(x.store.ReleaseOperation(reporting, x.claim, pause))
	}
	err := discovery.Retry(reporting, func(ctx context.Context) error { return x.store.EndOperation(ctx, x.claim) })
	if err == nil {
		x.logger.Info("operation ended", "instances", len(x.operation.Targets))
	}
	return ignoreLost(err)
}

// isLost reports whether another worker has taken over the operation.
func isLost(err error) bool { return fault.ReasonOf(err) == fault.ReasonOperationLost }

func ignoreLost(err error) error {
	if isLost(err) {
		return nil
	}
	return err
}

// signal is set once, and may be waited for.
type signal struct {
	once sync.Once
	done chan struct{}
}

func newSignal(isSet bool) *signal {
	s := &signal{done: make(chan struct{})}
	if isSet {
		s.set()
	}
	return s
}

func (s *signal) set() { s.once.Do(func() { close(s.done) }) }

func (s *signal) isSet() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}
