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

// Two who ask at once get one run.
func TestQueueRunRace(t *testing.T) {
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

// Who asks for a sync while one is about to end, having read all, gets a new one.
func TestQueueRunBesideOneThatEnds(t *testing.T) {
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

// All that is done to an account's schedule and runs may be done at once: nobody
// waits for ever, or is told to try again.
func TestAllAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	accounts := []string{"a", "b"}
	for _, account := range accounts {
		follow(t, s, provider.Account{ID: account, UpdateTime: time.Now()})
	}
	outcome := sync.Outcome{State: sync.RunSucceeded}
	deeds := map[string]func(account string) error{
		"schedule": func(string) error { _, err := s.QueueDue(t.Context(), 10); return err },
		"reap":     func(string) error { _, err := s.Reap(t.Context(), lease); return err },
		"change": func(account string) error {
			return s.Follow(t.Context(), []provider.Account{{ID: account, UpdateTime: time.Now()}})
		},
		"miss": func(account string) error { _, err := s.Missing(t.Context(), account, lease); return err },
	}
	for _, end := range []string{"work", "work too"} {
		deeds[end] = func(account string) error {
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
	for name, deed := range deeds {
		done.Go(func() {
			for round := range 60 {
				if err := deed(accounts[round%len(accounts)]); err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
			}
		})
	}
	done.Wait()
}

// ignore forgets an error that others may well cause, but not that of losing
// against them in the database.
func ignore(err error, kind fault.Kind) error {
	if fault.KindOf(err) == kind && fault.ReasonOf(err) != "CONFLICT" {
		return nil
	}
	return err
}
