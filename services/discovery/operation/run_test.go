package operation

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

func TestExecutor_Run(t *testing.T) {
	for name, test := range map[string]struct {
		// given changes the world before the run; during it runs beside it.
		given  func(w *world)
		during func(w *world)
		state  TargetState
		reason fault.Reason
		calls  int
		// saved are the states that were stored, without repetitions.
		saved []TargetState
		check func(t *testing.T, w *world)
	}{
		"stop": {
			state: TargetSucceeded, calls: 1, saved: []TargetState{TargetChecking, TargetCalled, TargetWaiting, TargetSucceeded},
			check: func(t *testing.T, w *world) {
				t.Helper()
				if got := w.inventory.recorded; !slices.Equal(got, []provider.State{provider.StateRunning, provider.StateStopping, provider.StateStopped}) {
					t.Errorf("recorded %v", got)
				}
				if e := w.store.entries; len(e) != 2 || e[0].Event != AuditCalled || e[1].Event != AuditEnded || e[1].Outcome != TargetSucceeded {
					t.Errorf("audited %+v", e)
				}
				if target := w.target(0); target.FromState != provider.StateRunning || target.CurrentState != provider.StateStopped || target.Already {
					t.Errorf("it ended as %+v", target)
				}
			},
		},
		"start": {
			given: func(w *world) {
				w.store.operation.Verb, w.store.operation.KeepStopped = provider.Start, true
				w.cloud.machines["x"].State = provider.StateStopped
			},
			state: TargetSucceeded, calls: 1, saved: []TargetState{TargetChecking, TargetCalled, TargetWaiting, TargetSucceeded},
			check: func(t *testing.T, w *world) {
				t.Helper()
				if len(w.store.kept) != 0 {
					t.Error("it is kept stopped")
				}
			},
		},
		"already": {
			given: func(w *world) { w.cloud.machines["x"].State = provider.StateStopped },
			state: TargetSucceeded, saved: []TargetState{TargetChecking, TargetSucceeded},
			check: func(t *testing.T, w *world) {
				t.Helper()
				if !w.target(0).Already || w.cloud.polls != 0 || len(w.inventory.recorded) != 1 {
					t.Errorf("already %t after %d polls; recorded %v", w.target(0).Already, w.cloud.polls, w.inventory.recorded)
				}
			},
		},
		"on its way": {
			given: func(w *world) {
				m := w.cloud.machines["x"]
				m.State, m.to, m.since = provider.StateStopping, provider.StateStopped, time.Now()
			},
			state: TargetSucceeded, saved: []TargetState{TargetChecking, TargetWaiting, TargetSucceeded},
		},
		"protected": {
			given: func(w *world) { w.cloud.machines["x"].Labels = map[string]string{"protect": ""} },
			state: TargetFailed, reason: fault.ReasonProtected, saved: []TargetState{TargetChecking, TargetFailed},
		},
		"read-only": {
			given: func(w *world) { w.executor.Accounts = fakeAccounts{readOnly: true} },
			state: TargetFailed, reason: fault.ReasonAccountReadOnly, saved: []TargetState{TargetChecking, TargetFailed},
		},
		"etag": {
			given: func(w *world) { w.target(0).Etag = "old" },
			state: TargetFailed, reason: fault.ReasonEtagMismatch, saved: []TargetState{TargetChecking, TargetFailed},
		},
		"gone": {
			given: func(w *world) { delete(w.cloud.machines, "x") },
			state: TargetFailed, reason: fault.ReasonNotFound, saved: []TargetState{TargetChecking, TargetFailed},
		},
		"account gone": {
			given: func(w *world) { w.target(0).Account = "b" },
			state: TargetFailed, reason: fault.ReasonNotFound, saved: []TargetState{TargetFailed},
		},
		"the answer is lost": {
			given: func(w *world) {
				w.cloud.act = func(_ int, do func() provider.Receipt) provider.Receipt {
					do()
					return provider.Receipt{Effect: provider.InDoubt, Refusal: passing()}
				}
			},
			state: TargetSucceeded, calls: 1, saved: []TargetState{TargetChecking, TargetCalled, TargetWaiting, TargetSucceeded},
		},
		"the call is lost": {
			given: func(w *world) {
				w.cloud.act = func(n int, do func() provider.Receipt) provider.Receipt {
					if n == 1 {
						return provider.Receipt{Effect: provider.InDoubt}
					}
					return do()
				}
			},
			state: TargetSucceeded, calls: 2,
			saved: []TargetState{TargetChecking, TargetCalled, TargetChecking, TargetCalled, TargetWaiting, TargetSucceeded},
			check: func(t *testing.T, w *world) {
				t.Helper()
				if apart := w.cloud.calls[1].Sub(w.cloud.calls[0]); apart < 20*time.Second || apart > 30*time.Second {
					t.Errorf("the second call was made %v after the first", apart)
				}
			},
		},
		"two calls are lost at once": {
			given: func(w *world) {
				w.executor.Limits.Doubt = 0
				w.cloud.act = func(n int, do func() provider.Receipt) provider.Receipt {
					if n <= 2 {
						return provider.Receipt{Effect: provider.InDoubt}
					}
					return do()
				}
			},
			state: TargetSucceeded, calls: 3,
			check: func(t *testing.T, w *world) {
				t.Helper()
				for n := range 2 { // Three polls follow each, with pauses that grow.
					if apart := w.cloud.calls[n+1].Sub(w.cloud.calls[n]); apart != 750*time.Millisecond {
						t.Errorf("call %d was made %v after the one before", n+2, apart)
					}
				}
			},
		},
		"refused by the cloud": {
			given: func(w *world) {
				w.cloud.act = func(int, func() provider.Receipt) provider.Receipt {
					return provider.Receipt{Effect: provider.NotTaken, Refusal: lasting()}
				}
			},
			state: TargetFailed, reason: fault.ReasonPermissionDenied, calls: 1, saved: []TargetState{TargetChecking, TargetCalled, TargetFailed},
		},
		"terminated before the call": {
			given: func(w *world) {
				w.cloud.act = func(int, func() provider.Receipt) provider.Receipt {
					w.cloud.machines["x"].State = provider.StateTerminated
					return provider.Receipt{Effect: provider.NotTaken, Refusal: lasting()}
				}
			},
			check: func(t *testing.T, w *world) {
				t.Helper()
				if target := w.target(0); target.CurrentState != provider.StateTerminated {
					t.Errorf("it ended as %+v", target)
				}
			},
			state: TargetFailed, reason: fault.ReasonTerminated, calls: 1, saved: []TargetState{TargetChecking, TargetCalled, TargetFailed},
		},
		"not taken at first": {
			given: func(w *world) {
				w.cloud.act = func(n int, do func() provider.Receipt) provider.Receipt {
					if n <= 3 {
						return provider.Receipt{Effect: provider.NotTaken, Refusal: passing()}
					}
					return do()
				}
			},
			state: TargetSucceeded, calls: 4,
			saved: []TargetState{
				TargetChecking, TargetCalled, TargetChecking, TargetCalled, TargetChecking, TargetCalled, TargetChecking, TargetCalled,
				TargetWaiting, TargetSucceeded,
			},
		},
		"never taken": {
			given: func(w *world) {
				w.cloud.act = func(int, func() provider.Receipt) provider.Receipt {
					return provider.Receipt{Effect: provider.NotTaken, Refusal: passing()}
				}
			},
			state: TargetFailed, reason: fault.ReasonUnreachable, calls: 7,
		},
		"never sent": {
			given: func(w *world) {
				w.cloud.act = func(int, func() provider.Receipt) provider.Receipt {
					return provider.Receipt{Effect: provider.NotTaken, Unsent: true, Refusal: passing()}
				}
			},
			state: TargetFailed, reason: fault.ReasonUnreachable, calls: 35,
			check: func(t *testing.T, w *world) {
				t.Helper()
				if w.target(0).Calls != 0 {
					t.Errorf("%d calls count", w.target(0).Calls)
				}
			},
		},
		"unreachable": {
			given: func(w *world) { w.cloud.readFault = passing() },
			state: TargetFailed, reason: fault.ReasonUnreachable,
			check: func(t *testing.T, w *world) {
				t.Helper()
				if w.cloud.signIns != 7 || len(w.target(0).Steps) != 2 {
					t.Errorf("signed in %d times; the steps are %v", w.cloud.signIns, w.target(0).Steps)
				}
			},
		},
		"unreachable while it is polled": {
			during: func(w *world) {
				<-time.After(3 * time.Second)
				w.cloud.mu.Lock()
				w.cloud.readFault = lasting()
				w.cloud.mu.Unlock()
				<-time.After(5 * time.Minute)
				w.store.mu.Lock()
				w.store.cancelled = true // Does not wake it: a call is out.
				w.store.mu.Unlock()
				<-time.After(5 * time.Minute)
				w.cloud.mu.Lock()
				w.cloud.readFault = nil
				w.cloud.mu.Unlock()
			},
			state: TargetSucceeded, calls: 1, saved: []TargetState{TargetChecking, TargetCalled, TargetWaiting, TargetSucceeded},
		},
		"terminated while it is polled": {
			during: func(w *world) {
				<-time.After(3 * time.Second)
				w.cloud.mu.Lock()
				delete(w.cloud.machines, "x")
				w.cloud.mu.Unlock()
			},
			state: TargetFailed, reason: fault.ReasonTerminated, calls: 1, saved: []TargetState{TargetChecking, TargetCalled, TargetWaiting, TargetFailed},
		},
		"the cloud gives up": {
			during: func(w *world) {
				<-time.After(3 * time.Second)
				w.cloud.mu.Lock()
				w.cloud.machines["x"].to = provider.StateRunning
				w.cloud.mu.Unlock()
			},
			state: TargetFailed, reason: fault.ReasonCloudFailed, calls: 1, saved: []TargetState{TargetChecking, TargetCalled, TargetWaiting, TargetFailed},
		},
		"cancelled before it began": {
			given: func(w *world) { w.store.operation.CancelTime = time.Now() },
			state: TargetCancelled, reason: fault.ReasonCancelled, saved: []TargetState{TargetCancelled},
		},
		"cancelled while it waits for another try": {
			given:  func(w *world) { w.cloud.readFault = passing() },
			during: func(w *world) { w.store.mu.Lock(); w.store.cancelled = true; w.store.mu.Unlock() },
			state:  TargetCancelled, reason: fault.ReasonCancelled, saved: []TargetState{TargetPending, TargetCancelled},
		},
		"cancelled just before the call": {
			given: func(w *world) { w.store.cancelAtCall = true },
			state: TargetCancelled, reason: fault.ReasonCancelled, saved: []TargetState{TargetChecking, TargetCancelled},
			check: func(t *testing.T, w *world) {
				t.Helper()
				if w.target(0).Calls != 0 {
					t.Errorf("%d calls count", w.target(0).Calls)
				}
			},
		},
		"cancelled after the call": {
			during: func(w *world) {
				<-time.After(3 * time.Second)
				w.store.mu.Lock()
				w.store.cancelled = true
				w.store.mu.Unlock()
			},
			state: TargetSucceeded, calls: 1, saved: []TargetState{TargetChecking, TargetCalled, TargetWaiting, TargetSucceeded},
		},
		"cancelled in doubt": {
			given: func(w *world) {
				w.cloud.act = func(int, func() provider.Receipt) provider.Receipt { return provider.Receipt{Effect: provider.InDoubt} }
			},
			during: func(w *world) {
				<-time.After(3 * time.Second)
				w.store.mu.Lock()
				w.store.cancelled = true
				w.store.mu.Unlock()
			},
			state: TargetUnknown, reason: fault.ReasonCancelled, calls: 1, saved: []TargetState{TargetChecking, TargetCalled, TargetUnknown},
		},
		"no time left": {
			given: func(w *world) { w.store.left = 0 },
			state: TargetFailed, reason: fault.ReasonTimeout, saved: []TargetState{TargetFailed},
		},
		"no time left while it is polled": {
			given: func(w *world) { w.store.left = 5 * time.Second },
			state: TargetUnknown, reason: fault.ReasonTimeout, calls: 1, saved: []TargetState{TargetChecking, TargetCalled, TargetWaiting, TargetUnknown},
		},
		"taken over after the call": {
			given: func(w *world) {
				target := w.target(0)
				target.State, target.Calls, target.CallTime, target.FromState = TargetCalled, 1, time.Now(), provider.StateRunning
				m := w.cloud.machines["x"]
				m.State, m.to, m.since = provider.StateStopping, provider.StateStopped, time.Now()
			},
			state: TargetSucceeded, saved: []TargetState{TargetCalled, TargetWaiting, TargetSucceeded},
		},
		"overtaken by syncs": {
			given: func(w *world) { w.inventory.stale = 3 },
			state: TargetSucceeded, calls: 1, saved: []TargetState{TargetChecking, TargetCalled, TargetWaiting, TargetSucceeded},
		},
		"the inventory is away": {
			given: func(w *world) { w.inventory.away = true },
			state: TargetSucceeded, calls: 1,
			check: func(t *testing.T, w *world) {
				t.Helper()
				if len(w.target(0).Notes) != 1 {
					t.Errorf("the notes are %v", w.target(0).Notes)
				}
			},
		},
		"the inventory is away, and the instance starts again": {
			given: func(w *world) {
				w.inventory.away = true
				w.cloud.act = func(_ int, do func() provider.Receipt) provider.Receipt {
					receipt := do()
					go func() {
						<-time.After(transition + 10*time.Second)
						w.cloud.mu.Lock()
						w.cloud.machines["x"].State = provider.StateRunning
						w.cloud.mu.Unlock()
					}()
					return receipt
				}
			},
			state: TargetFailed, reason: fault.ReasonCloudFailed, calls: 1,
		},
		"kept stopped": {
			given: func(w *world) {
				w.store.operation.KeepStopped = true
				w.target(0).Kind = cloud.Database
			},
			state: TargetSucceeded, calls: 1,
			check: func(t *testing.T, w *world) {
				t.Helper()
				if len(w.store.kept) != 1 || time.Until(w.store.kept[0]).Round(time.Hour) != 7*24*time.Hour {
					t.Errorf("kept until %v", w.store.kept)
				}
			},
		},
		"the store is away for a while": {
			given: func(w *world) { w.executor.Limits.Lease = time.Hour },
			during: func(w *world) {
				<-time.After(500 * time.Millisecond)
				w.store.mu.Lock()
				w.store.away = true
				w.store.mu.Unlock()
				<-time.After(20 * time.Second)
				w.store.mu.Lock()
				w.store.away = false
				w.store.mu.Unlock()
			},
			state: TargetWaiting, calls: 1, // A poll can't be numbered: the operation is released.
			check: func(t *testing.T, w *world) {
				t.Helper()
				if w.store.ended || len(w.store.released) != 1 || w.store.released[0] != 4*time.Second {
					t.Errorf("ended: %t; released %v", w.store.ended, w.store.released)
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld("x")
				if test.given != nil {
					test.given(w)
				}
				var beside sync.WaitGroup
				if test.during != nil {
					beside.Go(func() { test.during(w) })
				}
				if err := w.executor.Run(t.Context(), "o"); err != nil {
					t.Fatal(err)
				}
				beside.Wait()
				target, reason := w.target(0), fault.Reason("")
				if target.Refusal != nil {
					reason = target.Refusal.Reason
				}
				if target.State != test.state || reason != test.reason || len(w.cloud.calls) != test.calls {
					t.Errorf("%s %q after %d calls: %+v", target.State, reason, len(w.cloud.calls), target.Steps)
				}
				if w.store.ended != test.state.Ended() {
					t.Errorf("the operation has ended: %t; released %v", w.store.ended, w.store.released)
				}
				if saved := slices.Compact(w.store.saved); test.saved != nil && !slices.Equal(saved, test.saved) {
					t.Errorf("stored %v, want %v", saved, test.saved)
				}
				if test.check != nil {
					test.check(t, w)
				}
			})
		})
	}
}
