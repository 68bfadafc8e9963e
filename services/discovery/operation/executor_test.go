package operation

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// world is everything around an executor.
type world struct {
	cloud     *fakeCloud
	store     *fakeStore
	inventory *fakeInventory
	executor  *Executor
}

// newWorld returns a world in which machines are running and an operation stops them.
func newWorld(ids ...string) *world {
	states := map[string]provider.State{}
	for _, id := range ids {
		states[id] = provider.StateRunning
	}
	w := &world{
		cloud:     newFakeCloud(states),
		store:     &fakeStore{operation: stopOf(ids...), left: time.Hour},
		inventory: &fakeInventory{stored: map[string]*Stored{}},
	}
	w.executor = &Executor{
		Providers: providers(w.cloud), Accounts: fakeAccounts{}, Inventory: w.inventory, Store: w.store,
		Limits: DefaultLimits(), Protection: Protection{Key: "protect"}, Worker: "w", Logger: silent,
	}
	return w
}

func (w *world) target(n int) *Target { return w.store.operation.Targets[n] }

// lasting returns a refusal that does not pass, and passing one that may.
func lasting() *fault.Error { return fault.ForReason(fault.ReasonPermissionDenied, "denied", "", nil) }
func passing() *fault.Error {
	return fault.ForReason(fault.ReasonUnreachable, "away", "", nil).AsRetryable()
}

func TestExecutor_RunOfAnEndedOperation(t *testing.T) {
	w := newWorld("x")
	w.store.operation = nil
	if err := w.executor.Run(t.Context(), "o"); err != nil {
		t.Error(err)
	}
}

func TestExecutor_LostLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("x")
		go func() {
			<-time.After(3 * time.Second)
			w.store.mu.Lock()
			w.store.lost = true
			w.store.mu.Unlock()
		}()
		if err := w.executor.Run(t.Context(), "o"); err != nil {
			t.Fatal(err)
		}
		if w.store.ended || len(w.store.released) != 0 || w.target(0).State != TargetWaiting {
			t.Errorf("ended: %t; released %v; %s", w.store.ended, w.store.released, w.target(0).State)
		}
	})
}

func TestExecutor_StoppedWorkerReleasesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("x")
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := w.executor.Run(ctx, "o"); err != nil {
			t.Fatal(err)
		}
		if w.store.ended || !slices.Equal(w.store.released, []time.Duration{0}) || w.target(0).State != TargetWaiting {
			t.Errorf("ended: %t; released %v; %s", w.store.ended, w.store.released, w.target(0).State)
		}
	})
}

func TestExecutor_MembersOfAClusterShareACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("x", "y", "z")
		w.cloud.machines["x"].unit, w.cloud.machines["y"].unit = "cluster", "cluster"
		if err := w.executor.Run(t.Context(), "o"); err != nil {
			t.Fatal(err)
		}
		for n := range 3 {
			if got := w.target(n); got.State != TargetSucceeded {
				t.Errorf("%s: %s %v", got.Instance, got.State, got.Steps)
			}
		}
		if len(w.cloud.calls) != 2 || w.cloud.signIns != 1 {
			t.Errorf("%d calls and %d sign-ins", len(w.cloud.calls), w.cloud.signIns)
		}
	})
}

func TestExecutor_FailureOfAClusterIsThatOfItsMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("x", "y")
		w.cloud.machines["x"].unit, w.cloud.machines["y"].unit = "cluster", "cluster"
		w.cloud.act = func(int, func() provider.Receipt) provider.Receipt {
			return provider.Receipt{Effect: provider.NotTaken, Refusal: lasting()}
		}
		if err := w.executor.Run(t.Context(), "o"); err != nil {
			t.Fatal(err)
		}
		for n := range 2 {
			if got := w.target(n); got.State != TargetFailed || got.Refusal.Reason != fault.ReasonPermissionDenied {
				t.Errorf("%s: %s %v", got.Instance, got.State, got.Refusal)
			}
		}
		if len(w.cloud.calls) != 1 {
			t.Errorf("%d calls", len(w.cloud.calls))
		}
	})
}

func TestExecutor_ClusterInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("x")
		w.cloud.machines["x"].unit = "cluster"
		w.store.exclusive = map[string]bool{"cluster": true}
		if err := w.executor.Run(t.Context(), "o"); err != nil {
			t.Fatal(err)
		}
		got := w.target(0)
		if got.State != TargetFailed || got.Refusal.Reason != fault.ReasonOperationInProgress || got.Exclusive != "x" || len(w.cloud.calls) != 0 {
			t.Errorf("%s %v, exclusive %q, after %d calls", got.State, got.Refusal, got.Exclusive, len(w.cloud.calls))
		}
	})
}

func TestExecutor_StoppedWorkerStoresTheAnswerToItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("x")
		w.cloud.answerAfter = 3 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.executor.Run(ctx, "o"); err != nil {
			t.Fatal(err)
		}
		if got := w.store.saved[len(w.store.saved)-1]; got != TargetWaiting || len(w.store.released) != 1 {
			t.Errorf("stored %v; released %v", w.store.saved, w.store.released)
		}
	})
}

func TestExecutor_StoppedWorkerDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("x")
		w.cloud.answerAfter = time.Hour
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.executor.Run(ctx, "o"); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != time.Second+callGrace || w.target(0).State != TargetCalled {
			t.Errorf("it took %v; %s", took, w.target(0).State)
		}
	})
}
