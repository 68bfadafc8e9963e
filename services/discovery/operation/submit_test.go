package operation

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// service returns a service beside a world, whose machines are in the inventory.
func (w *world) service() *Service {
	for id := range w.cloud.machines {
		w.inventory.stored[id] = &Stored{
			ID: uuid.NewString(), Account: "a", Provider: cloud.AWS, Etag: "e",
			ScopeID:  provider.ScopeID{Kind: cloud.VirtualMachine, Location: "eu-west-1"},
			Instance: *w.cloud.instance(id),
		}
	}
	return &Service{
		Providers: providers(w.cloud), Accounts: fakeAccounts{}, Inventory: w.inventory, Store: w.store,
		Limits: DefaultLimits(), Protection: Protection{Key: "protect"}, Logger: silent,
	}
}

func stopRequest(ids ...string) Request {
	r := Request{Verb: provider.Stop}
	for _, id := range ids {
		r.Named = append(r.Named, Named{ID: id})
	}
	return r
}

func TestSubmit(t *testing.T) {
	w := newWorld("x")
	o, err := w.service().Submit(t.Context(), stopRequest("x"))
	if err != nil {
		t.Fatal(err)
	}
	target := o.Targets[0]
	if o.State != StateQueued || o.MaxParallel != defaultParallel || w.store.left != 20*time.Minute || len(w.store.created) != 1 {
		t.Errorf("stored %+v for %v", o, w.store.left)
	}
	if target.State != TargetPending || target.Exclusive != target.Instance || target.ProviderID != "x" || uuid.Validate(target.Key) != nil ||
		target.CurrentState != provider.StateRunning || target.Account != "a" || target.Location != "eu-west-1" {
		t.Errorf("its target is %+v", target)
	}
	if e := w.store.entries; len(e) != 1 || e[0].Event != AuditRequested || e[0].Instance != target.Instance {
		t.Errorf("audited %+v", e)
	}
	if len(w.cloud.calls) != 0 {
		t.Error("the cloud was called")
	}
}

func TestSubmit_Refused(t *testing.T) {
	for name, test := range map[string]struct {
		given   func(w *world, s *Service)
		request func(r *Request)
		kind    fault.Kind
		reason  fault.Reason
	}{
		"gone":      {func(w *world, _ *Service) { w.inventory.stored["x"].Gone = true }, nil, fault.KindNotFound, fault.ReasonNotFound},
		"etag":      {nil, func(r *Request) { r.Etag = "old" }, fault.KindAborted, fault.ReasonEtagMismatch},
		"read-only": {func(_ *world, s *Service) { s.Accounts = fakeAccounts{readOnly: true} }, nil, fault.KindFailedPrecondition, fault.ReasonAccountReadOnly},
		"protected": {
			func(w *world, _ *Service) {
				w.inventory.stored["x"].Instance.Labels = map[string]string{"protect": "1"}
			},
			nil, fault.KindFailedPrecondition, fault.ReasonProtected,
		},
		"unknown":      {nil, func(r *Request) { r.Named[0].ID = "y" }, fault.KindNotFound, fault.ReasonNotFound},
		"unknown name": {nil, func(r *Request) { r.Named[0].ID = uuid.NewString() }, fault.KindNotFound, fault.ReasonNotFound},
		"too many named": {
			nil, func(r *Request) { r.Batch, r.MaxInstances, r.Named = true, 1, append(r.Named, Named{ID: "y"}) },
			fault.KindFailedPrecondition, fault.ReasonTooManyInstances,
		},
		"too many match": {
			func(w *world, _ *Service) { w.inventory.selection = &Selection{Total: defaultInstances + 1} },
			func(r *Request) { r.Batch, r.Filter, r.Named = true, "f", nil }, fault.KindFailedPrecondition, fault.ReasonTooManyInstances,
		},
		"the clouds are unreachable": {
			func(w *world, _ *Service) { w.cloud.readFault = passing() },
			func(r *Request) { r.Named[0].ID = "y" }, fault.KindUnavailable, fault.ReasonUnreachable,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld("x")
			s := w.service()
			if test.given != nil {
				test.given(w, s)
			}
			request := stopRequest("x")
			if test.request != nil {
				test.request(&request)
			}
			_, err := s.Submit(t.Context(), request)
			if fault.KindOf(err) != test.kind || fault.ReasonOf(err) != test.reason || len(w.store.created) != 0 {
				t.Errorf("%v (%s, kind %d); stored %d operations", err, fault.ReasonOf(err), fault.KindOf(err), len(w.store.created))
			}
			if e := w.store.entries; len(e) != 1 || e[0].Event != AuditRefused || e[0].OutcomeReason != string(test.reason) {
				t.Errorf("audited %+v", e)
			}
		})
	}
}

func TestSubmit_RepeatedRequest(t *testing.T) {
	w := newWorld("x")
	s := w.service()
	request := stopRequest("x")
	request.RequestID, request.Hash = "r", []byte{1}
	first, err := s.Submit(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.Submit(t.Context(), request); err != nil || again.ID != first.ID || len(w.store.created) != 1 {
		t.Errorf("the same request: %+v, %v", again, err)
	}
	request.Hash = []byte{2}
	if _, err := s.Submit(t.Context(), request); fault.ReasonOf(err) != fault.ReasonRequestIDReused {
		t.Errorf("another request with the id: %v", err)
	}
}

func TestSubmit_BatchRefusesEachAlone(t *testing.T) {
	w := newWorld("x", "y")
	s := w.service()
	w.inventory.stored["y"].Gone = true
	request := stopRequest("x", "y", w.inventory.stored["x"].ID, "z")
	request.Batch = true
	o, err := s.Submit(t.Context(), request)
	if err != nil || len(o.Targets) != 3 {
		t.Fatalf("%+v, %v", o, err)
	}
	for n, want := range []TargetState{TargetPending, TargetFailed, TargetFailed} {
		if got := o.Targets[n]; got.State != want || got.Index != n || (got.Exclusive == "") != (want == TargetFailed) {
			t.Errorf("target %d: %+v", n, got)
		}
	}
	events := fmt.Sprint(w.store.entries[0].Event, w.store.entries[1].Event, w.store.entries[2].Event)
	if events != fmt.Sprint(AuditRequested, AuditRefused, AuditRefused) {
		t.Errorf("audited %s", events)
	}
}

func TestSubmit_LocatesInTheClouds(t *testing.T) {
	w := newWorld()
	s := w.service()
	w.inventory.stale = 2
	w.cloud.located = &provider.Located{
		ScopeID:  provider.ScopeID{Kind: cloud.VirtualMachine, Location: "eu-west-1"},
		Instance: provider.Instance{ProviderID: "y", State: provider.StateRunning},
	}
	o, err := s.Submit(t.Context(), stopRequest("y"))
	if err != nil || len(o.Targets) != 1 || o.Targets[0].ProviderID != "y" || len(w.inventory.recorded) != 1 {
		t.Errorf("%+v, %v; recorded %v", o, err, w.inventory.recorded)
	}
}

func TestPlan(t *testing.T) {
	for name, test := range map[string]struct {
		given  func(w *world)
		during func(w *world)
		state  TargetState
		reason fault.Reason
	}{
		"would be called": {state: TargetPending},
		"ready":           {given: func(w *world) { w.cloud.machines["x"].State = provider.StateStopped }, state: TargetSucceeded},
		"on its way": {given: func(w *world) {
			m := w.cloud.machines["x"]
			m.State, m.to, m.since = provider.StateStopping, provider.StateStopped, time.Now()
		}, state: TargetWaiting},
		"wrong state": {
			given: func(w *world) { w.cloud.machines["x"].State = provider.StatePending }, state: TargetFailed, reason: fault.ReasonInvalidState,
		},
		"protected in the cloud": {
			given: func(w *world) { w.cloud.machines["x"].Labels = map[string]string{"protect": ""} },
			state: TargetFailed, reason: fault.ReasonProtected,
		},
		"unreachable for a while": {
			given: func(w *world) { w.cloud.readFault = passing() },
			during: func(w *world) {
				<-time.After(5 * time.Second)
				w.cloud.mu.Lock()
				w.cloud.readFault = nil
				w.cloud.mu.Unlock()
			},
			state: TargetPending,
		},
		"unreachable": {given: func(w *world) { w.cloud.readFault = passing() }, state: TargetFailed, reason: fault.ReasonUnreachable},
		"throttled until the time is over": {
			given: func(w *world) {
				w.cloud.readFault = fault.ForReason(fault.ReasonThrottled, "slow down", "", nil).AsRetryable()
			},
			state: TargetFailed, reason: fault.ReasonThrottled,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld("x")
				s := w.service()
				if test.given != nil {
					test.given(w)
				}
				if test.during != nil {
					go test.during(w)
				}
				request := stopRequest("x")
				request.Batch, request.ValidateOnly = true, true
				start := time.Now()
				o, err := s.Submit(t.Context(), request)
				if err != nil {
					t.Fatal(err)
				}
				reason := fault.Reason("")
				if o.Targets[0].Refusal != nil {
					reason = o.Targets[0].Refusal.Reason
				}
				if o.Targets[0].State != test.state || reason != test.reason || o.ID != "" {
					t.Errorf("%s %q: %+v", o.Targets[0].State, reason, o.Targets[0].Steps)
				}
				if took := time.Since(start); took > s.Limits.Plan {
					t.Errorf("it took %v", took)
				}
				if e := w.store.entries; len(e) != 1 || e[0].Event != AuditValidated || len(w.store.created) != 0 || len(w.cloud.calls) != 0 {
					t.Errorf("audited %+v; stored %d operations; %d calls", e, len(w.store.created), len(w.cloud.calls))
				}
			})
		})
	}
}

func TestPlan_OfOneIsAnError(t *testing.T) {
	w := newWorld("x")
	s := w.service()
	w.cloud.machines["x"].State = provider.StatePending
	request := stopRequest("x")
	request.ValidateOnly = true
	_, err := s.Submit(t.Context(), request)
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Reason != fault.ReasonInvalidState || f.Metadata["remedy"] == "" {
		t.Errorf("%v", err)
	}
}

func TestPlan_LeavesTimeForTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("x")
		s := w.service()
		w.cloud.readFault = fault.ForReason(fault.ReasonThrottled, "slow down", "", nil).AsRetryable()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		request := stopRequest("x")
		request.Batch, request.ValidateOnly = true, true
		start := time.Now()
		o, err := s.Submit(ctx, request)
		if err != nil || o.Targets[0].State != TargetFailed || time.Since(start) != 20*time.Second {
			t.Errorf("%+v, %v after %v", o, err, time.Since(start))
		}
	})
}
