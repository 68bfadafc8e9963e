package upkeep_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-dev/rollcall/services/inventory/upkeep"
)

// calls are those of KeepLog; some fail.
type calls struct {
	times []time.Time
	fails int
	keep  time.Duration
	ahead int
}

func (c *calls) KeepLog(_ context.Context, now time.Time, ahead int, keep time.Duration) error {
	c.times, c.keep, c.ahead = append(c.times, now), keep, ahead
	if len(c.times) <= c.fails {
		return errors.New("locked")
	}
	return nil
}

// It works at once, soon again when it could not, and then at its interval.
func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		log := &calls{fails: 2}
		loop, err := upkeep.New(log, upkeep.Config{Retention: 48 * time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
		defer cancel()
		if err := loop.Run(ctx); err != nil {
			t.Fatal(err)
		}
		want := []time.Duration{0, time.Minute, 2 * time.Minute, 62 * time.Minute, 122 * time.Minute}
		if len(log.times) != len(want) || log.keep != 48*time.Hour || log.ahead != 3 {
			t.Fatalf("%+v", log)
		}
		for n, after := range want {
			if got := log.times[n].Sub(begin); got != after {
				t.Errorf("time %d: after %s, want %s", n, got, after)
			}
		}
	})
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for retention, good := range map[time.Duration]bool{
		0: true, 24 * time.Hour: true, 30 * 24 * time.Hour: true, time.Hour: false, -time.Hour: false,
	} {
		if _, err := upkeep.New(&calls{}, upkeep.Config{Retention: retention}); (err == nil) != good {
			t.Errorf("%s: %v", retention, err)
		}
	}
}
