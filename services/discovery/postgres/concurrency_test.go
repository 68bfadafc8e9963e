package postgres_test

import (
	"fmt"
	stdsync "sync"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/sync"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Two requests at the same time get the same run.
func TestQueueRun_AtTheSameTime(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	for round := range 20 {
		account := fmt.Sprintf("a%d", round)
		ids := make(chan string, 4)
		for range cap(ids) {
			go func() {
				run, err := s.QueueRun(t.Context(), account, sync.ByRequest)
				if err != nil {
					t.Error(err)
					ids <- ""
					return
				}
				ids <- run.ID
			}()
		}
		first := <-ids
		for range cap(ids) - 1 {
			if id := <-ids; id != first {
				t.Errorf("two runs, %s and %s", first, id)
			}
		}
	}
}

// A request for a sync while a run has read everything and is about to end gets a new run.
func TestQueueRun_WhileARunEnds(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	ending := claim(t, s, "a")
	if err := s.Read(t.Context(), ending, nil, sync.Totals{}); err != nil {
		t.Fatal(err)
	}
	asked := make(chan *sync.Run)
	go func() {
		run, err := s.QueueRun(t.Context(), "a", sync.ByRequest)
		if err != nil {
			t.Error(err)
		}
		asked <- run
	}()
	conclude(t, s, ending, 0)
	if run := <-asked; run == nil || run.ID == ending.Run || run.State != sync.RunQueued {
		t.Errorf("asked beside %s, and got %+v", ending.Run, run)
	}
}

// Everything that changes the schedule and the runs of an account may happen at the same time:
// nothing waits for ever, and no conflict is returned.
func TestStore_Concurrency(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	accounts := []string{"a", "b"}
	for _, account := range accounts {
		follow(t, s, provider.Account{ID: account, UpdateTime: time.Now()})
	}
	outcome := sync.Outcome{State: sync.RunSucceeded}
	actions := map[string]func(account string) error{
		"schedule": func(string) error { _, err := s.QueueDue(t.Context(), 10); return err },
		"reap":     func(string) error { _, err := s.Reap(t.Context(), lease); return err },
		"change": func(account string) error {
			return s.Follow(t.Context(), []provider.Account{{ID: account, UpdateTime: time.Now()}})
		},
		"miss": func(account string) error { _, err := s.Missing(t.Context(), account, lease); return err },
	}
	for _, end := range []string{"work", "work too"} {
		actions[end] = func(account string) error {
			run, err := s.QueueRun(t.Context(), account, sync.ByRequest)
			if err != nil {
				return err
			}
			claimed, err := s.Claim(t.Context(), run.ID, end, lease)
			if err != nil {
				return ignore(err, fault.KindNotFound)
			}
			if err := s.Read(t.Context(), claimed, nil, sync.Totals{}); err != nil {
				return ignore(err, fault.KindAborted)
			}
			return ignore(s.Conclude(t.Context(), claimed, outcome, 0, 0), fault.KindAborted)
		}
	}
	var done stdsync.WaitGroup
	for name, action := range actions {
		done.Go(func() {
			for round := range 60 {
				if err := action(accounts[round%len(accounts)]); err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
			}
		})
	}
	done.Wait()
}

// ignore returns nil for an error that concurrent work may cause, but not for a conflict of
// transactions.
func ignore(err error, kind fault.Kind) error {
	if fault.KindOf(err) == kind && fault.ReasonOf(err) != fault.ReasonConflict {
		return nil
	}
	return err
}
