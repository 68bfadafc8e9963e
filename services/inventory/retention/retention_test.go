package retention_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-dev/rollcall/services/inventory/retention"
)

// calls records the calls of Maintain; the first ones fail.
type calls struct {
	times []time.Time
	fails int
	keep  time.Duration
	ahead int
}

func (c *calls) Maintain(_ context.Context, now time.Time, ahead int, keep time.Duration) error {
	c.times, c.keep, c.ahead = append(c.times, now), keep, ahead
	if len(c.times) <= c.fails {
		return errors.New("locked")
	}
	return nil
}

// TestRun expects a run at once, one soon after each failure, and then one at each interval.
func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		log := &calls{fails: 2}
		loop, err := retention.New(log, retention.Config{Retention: 48 * time.Hour})
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
				t.Errorf("run %d: after %s, want %s", n, got, after)
			}
		}
	})
}

func TestConfig_Retention(t *testing.T) {
	t.Parallel()
	for value, ok := range map[time.Duration]bool{
		0: true, 24 * time.Hour: true, 30 * 24 * time.Hour: true, 24*time.Hour - 1: false, time.Hour: false, -time.Hour: false,
	} {
		if _, err := retention.New(&calls{}, retention.Config{Retention: value}); (err == nil) != ok {
			t.Errorf("%s: %v", value, err)
		}
	}
}
