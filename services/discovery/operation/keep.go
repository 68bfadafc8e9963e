package operation

import (
	"context"
	"log/slog"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Kept is an instance that is to be stopped again when it starts by itself.
type Kept struct {
	// Instance and Account are ids, Operation the one that last stopped it.
	Instance, Account, Operation string
	// User and Reason are of who wanted it so.
	User, Reason string
	// AutoRestartTime is when the cloud starts it by itself; zero: not known.
	AutoRestartTime time.Time
}

// Keeps holds what is kept stopped, and housekeeping of operations.
type Keeps interface {
	// DueKeeps are kept instances that have not been looked at for every, at most
	// limit of them; they are not given again before that time is over.
	DueKeeps(ctx context.Context, every time.Duration, limit int) ([]Kept, error)
	// Keep stores when the cloud starts an instance by itself.
	Keep(ctx context.Context, kept Kept) error
	// Release forgets one, and tells the audit.
	Release(ctx context.Context, kept Kept, entry AuditEntry) error
	// ReapOperations queues operations whose worker is dead, or whose job was
	// lost, and tells which.
	ReapOperations(ctx context.Context, lease time.Duration) ([]string, error)
	// PruneOperations drops operations that ended long ago, and tells how many.
	PruneOperations(ctx context.Context, olderThan time.Duration) (int, error)
}

const (
	// keepsAtOnce bounds one pass.
	keepsAtOnce = 200
	// restartSlack is how much earlier than told a restart may come.
	restartSlack = time.Hour
)

// Keeper keeps stopped what someone wanted so, and operations worked. All fields
// must be set.
type Keeper struct {
	Instances  Instances
	Keeps      Keeps
	Dispatcher *Dispatcher
	// Every is how often a kept instance is looked at, on the roll.
	Every time.Duration
	// Lease as in OperationLimits.
	Lease time.Duration
	// Retention is how long ended operations are kept.
	Retention time.Duration
	Logger    *slog.Logger
}

// Reap has operations of dead workers worked by others.
func (k *Keeper) Reap(ctx context.Context) error {
	operations, err := k.Keeps.ReapOperations(ctx, k.Lease)
	for _, operation := range operations {
		k.Logger.Warn("a worker died in the middle of an operation; another goes on with it", "operation", operation)
	}
	return err
}

// Prune drops old operations.
func (k *Keeper) Prune(ctx context.Context) error {
	_, err := k.Keeps.PruneOperations(ctx, k.Retention)
	return err
}

// Keep stops again what has started by itself.
func (k *Keeper) Keep(ctx context.Context) error {
	kept, err := k.Keeps.DueKeeps(ctx, k.Every, keepsAtOnce)
	for _, one := range kept {
		if err := k.keep(ctx, one); err != nil {
			k.Logger.Warn("could not keep an instance stopped; it is tried again", "instance", one.Instance, "error", err)
		}
	}
	return err
}

func (k *Keeper) keep(ctx context.Context, kept Kept) error {
	held, err := k.Instances.Instance(ctx, kept.Instance)
	switch {
	case fault.KindOf(err) == fault.KindNotFound:
		return k.release(ctx, kept, "it is not on the roll any more")
	case err != nil:
		return err
	case held.Gone || held.Instance.State == provider.StateTerminated:
		return k.release(ctx, kept, "it is gone from the cloud")
	}
	switch held.Instance.State {
	case provider.StateStopped, provider.StateStopping, provider.StateSuspended:
		if db := held.Instance.Database; db != nil && !db.AutoRestartTime.IsZero() && !db.AutoRestartTime.Equal(kept.AutoRestartTime) {
			kept.AutoRestartTime = db.AutoRestartTime
			return k.Keeps.Keep(ctx, kept)
		}
		return nil
	case provider.StateRunning, provider.StatePending:
	default:
		return nil // Busy with something: it is looked at again.
	}
	if kept.AutoRestartTime.IsZero() || time.Now().Before(kept.AutoRestartTime.Add(-restartSlack)) {
		return k.release(ctx, kept, "someone started it: it had not been due to start by itself")
	}
	if held.Instance.State == provider.StatePending {
		return nil // It can't be stopped yet.
	}
	reason := kept.Reason
	if reason == "" {
		reason = "kept stopped"
	}
	_, err = k.Dispatcher.Dispatch(ctx, Request{
		Verb: provider.Stop, Named: []Named{{ID: kept.Instance}}, KeepStopped: true, Reason: reason,
		Requester: Requester{User: kept.User, Source: UserSystem, UserAgent: "rollcall: keep_stopped of " + OperationName(kept.Operation)},
	})
	if fault.ReasonOf(err) == fault.ReasonOperationInProgress {
		return nil
	}
	if err == nil {
		k.Logger.Info("stops an instance again that started by itself", "instance", kept.Instance)
	}
	return err
}

// release ends the keeping of an instance.
func (k *Keeper) release(ctx context.Context, kept Kept, why string) error {
	return k.Keeps.Release(ctx, kept, AuditEntry{
		Event: AuditReleased, Verb: provider.Stop, Requester: Requester{Source: UserSystem}, Reason: kept.Reason,
		Operation: kept.Operation, Instance: kept.Instance, Account: kept.Account, Message: "no longer kept stopped: " + why,
	})
}
