package operation

import (
	"context"
	"log/slog"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// KeptStopped is an instance that is stopped again when it starts by itself.
type KeptStopped struct {
	// Instance and Account are ids. Operation is the one that last stopped it.
	Instance, Account, Operation string
	// User and Reason are those of the request.
	User, Reason string
	// AutoRestartTime is when the cloud starts it by itself; zero if that is not known.
	AutoRestartTime time.Time
}

// keptPerPass bounds the instances of one pass.
const keptPerPass = 200

// Maintainer runs the periodic work on operations: it stops kept instances again, queues
// the operations of dead workers, and deletes old operations. All fields must be set.
type Maintainer struct {
	Inventory Inventory
	Store     KeptStoppedStore
	Service   *Service
	// Every is how often the inventory is asked about a kept instance.
	Every time.Duration
	// Lease is that of Limits.
	Lease time.Duration
	// Retention is how long ended operations are stored.
	Retention time.Duration
	Logger    *slog.Logger
}

// Reap queues the operations of dead workers.
func (m *Maintainer) Reap(ctx context.Context) error {
	operations, err := m.Store.ReapOperations(ctx, m.Lease)
	for _, operation := range operations {
		m.Logger.Warn("worker died; operation queued again", "operation", operation)
	}
	return err
}

// Prune deletes old operations.
func (m *Maintainer) Prune(ctx context.Context) error {
	_, err := m.Store.PruneOperations(ctx, m.Retention)
	return err
}

// KeepStopped stops instances again that have started by themselves.
func (m *Maintainer) KeepStopped(ctx context.Context) error {
	kept, err := m.Store.DueKeptStopped(ctx, m.Every, keptPerPass)
	for _, one := range kept {
		if err := m.keepStopped(ctx, one); err != nil {
			m.Logger.Warn("instance not kept stopped; it is tried again", "instance", one.Instance, "error", err)
		}
	}
	return err
}

func (m *Maintainer) keepStopped(ctx context.Context, kept KeptStopped) error {
	stored, err := m.Inventory.Instance(ctx, kept.Instance)
	switch {
	case fault.KindOf(err) == fault.KindNotFound:
		return m.release(ctx, kept, "it is no longer in the inventory")
	case err != nil:
		return err
	case stored.Gone || stored.Instance.State == provider.StateTerminated:
		return m.release(ctx, kept, "it was deleted in the cloud")
	}
	switch stored.Instance.State {
	case provider.StateStopped, provider.StateStopping, provider.StateSuspended:
		if db := stored.Instance.Database; db != nil && !db.AutoRestartTime.IsZero() && !db.AutoRestartTime.Equal(kept.AutoRestartTime) {
			kept.AutoRestartTime = db.AutoRestartTime
			return m.Store.UpdateKeptStopped(ctx, kept)
		}
		return nil
	case provider.StateRunning, provider.StatePending:
	default:
		return nil // In a transition: the next pass asks again.
	}
	if !startedByItself(time.Now(), kept.AutoRestartTime) {
		return m.release(ctx, kept, "someone started it before the cloud would have")
	}
	if stored.Instance.State == provider.StatePending {
		return nil // It can't be stopped yet.
	}
	return m.stopAgain(ctx, kept)
}

// stopAgain requests another stop, for the reason of the first one.
func (m *Maintainer) stopAgain(ctx context.Context, kept KeptStopped) error {
	reason := kept.Reason
	if reason == "" {
		reason = "kept stopped"
	}
	_, err := m.Service.Submit(ctx, Request{
		Verb: provider.Stop, Named: []Named{{ID: kept.Instance}}, KeepStopped: true, Reason: reason,
		Requester: Requester{User: kept.User, Source: UserSystem, UserAgent: "rollcall: keep_stopped of " + Name(kept.Operation)},
	})
	if fault.ReasonOf(err) == fault.ReasonOperationInProgress {
		return nil
	}
	if err == nil {
		m.Logger.Info("instance started by itself; stop requested", "instance", kept.Instance)
	}
	return err
}

// release stops keeping an instance stopped.
func (m *Maintainer) release(ctx context.Context, kept KeptStopped, why string) error {
	return m.Store.ReleaseKeptStopped(ctx, kept, AuditEntry{
		Event: AuditReleased, Verb: provider.Stop, Requester: Requester{Source: UserSystem}, Reason: kept.Reason,
		Operation: kept.Operation, Instance: kept.Instance, Account: kept.Account, Message: "no longer kept stopped: " + why,
	})
}
