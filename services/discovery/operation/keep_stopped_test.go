package operation

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// fakeKept stores one kept instance.
type fakeKept struct {
	KeptStoppedStore
	kept              KeptStopped
	updated, released int
}

func (s *fakeKept) DueKeptStopped(context.Context, time.Duration, int) ([]KeptStopped, error) {
	return []KeptStopped{s.kept}, nil
}

func (s *fakeKept) UpdateKeptStopped(_ context.Context, kept KeptStopped) error {
	s.kept = kept
	s.updated++
	return nil
}

func (s *fakeKept) ReleaseKeptStopped(_ context.Context, _ KeptStopped, entry AuditEntry) error {
	if entry.Event == AuditReleased {
		s.released++
	}
	return nil
}

func TestKeepStopped(t *testing.T) {
	for name, test := range map[string]struct {
		state provider.State
		// restart is the time until the cloud starts it, as it is stored; 0: not known.
		restart                    time.Duration
		given                      func(w *world)
		updated, released, stopped int
	}{
		"stopped": {state: provider.StateStopped, restart: time.Hour},
		"stopped, with a new time": {
			state: provider.StateStopped, restart: time.Hour, updated: 1,
			given: func(w *world) { w.database().AutoRestartTime = time.Now().Add(48 * time.Hour) },
		},
		"in maintenance":                {state: provider.StateMaintenance, restart: -time.Hour},
		"started by itself":             {state: provider.StateRunning, restart: -time.Hour, stopped: 1},
		"started by itself, early":      {state: provider.StateRunning, restart: 59 * time.Minute, stopped: 1},
		"starting by itself":            {state: provider.StatePending, restart: -time.Hour},
		"started by a person":           {state: provider.StateRunning, restart: 61 * time.Minute, released: 1},
		"started, and no time is known": {state: provider.StateRunning, released: 1},
		"terminated":                    {state: provider.StateTerminated, released: 1},
		"gone":                          {state: provider.StateStopped, given: func(w *world) { w.inventory.stored["x"].Gone = true }, released: 1},
		"not in the inventory":          {state: provider.StateStopped, given: func(w *world) { clear(w.inventory.stored) }, released: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld("x")
				service := w.service()
				stored := w.inventory.stored["x"]
				stored.Instance.State, stored.Instance.Database = test.state, &provider.DatabaseDetails{}
				kept := KeptStopped{Instance: stored.ID, Account: "a", Operation: "o", User: "ada", Reason: "winter"}
				if test.restart != 0 {
					kept.AutoRestartTime = time.Now().Add(test.restart)
				}
				if test.given != nil {
					test.given(w)
				}
				store := &fakeKept{kept: kept}
				m := &Maintainer{Inventory: w.inventory, Store: store, Service: service, Logger: silent}
				if err := m.KeepStopped(t.Context()); err != nil {
					t.Fatal(err)
				}
				if store.updated != test.updated || store.released != test.released || len(w.store.created) != test.stopped {
					t.Errorf("updated %d, released %d, stopped %d", store.updated, store.released, len(w.store.created))
				}
				for _, o := range w.store.created {
					if o.Verb != provider.Stop || !o.KeepStopped || o.Reason != "winter" || o.User != "ada" || o.Source != UserSystem {
						t.Errorf("stopped again by %+v", o)
					}
				}
			})
		})
	}
}

// database returns the details of the instance x in the inventory.
func (w *world) database() *provider.DatabaseDetails {
	return w.inventory.stored["x"].Instance.Database
}

// reaped returns the operations of dead workers, and prunes none.
type reaped struct{ KeptStoppedStore }

func (reaped) ReapOperations(_ context.Context, lease time.Duration) ([]string, error) {
	if lease != time.Minute {
		return nil, fault.NotFound("lease")
	}
	return []string{"o"}, nil
}

func (reaped) PruneOperations(_ context.Context, olderThan time.Duration) (int, error) {
	if olderThan != time.Hour {
		return 0, fault.NotFound("retention")
	}
	return 1, nil
}

func TestMaintainer_ReapAndPrune(t *testing.T) {
	m := &Maintainer{Store: reaped{}, Lease: time.Minute, Retention: time.Hour, Logger: silent}
	if err := m.Reap(t.Context()); err != nil {
		t.Error(err)
	}
	if err := m.Prune(t.Context()); err != nil {
		t.Error(err)
	}
}
