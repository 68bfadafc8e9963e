package retry_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/retry"
)

var errAway, errWrong = errors.New("away"), errors.New("wrong")

func isAway(err error) bool { return errors.Is(err, errAway) }

func TestDo_PausesGrowUpToTheirMaximum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, tries := time.Now(), []time.Duration(nil)
		policy := retry.Policy{First: time.Second, Max: 3 * time.Second, Retryable: isAway}
		err := retry.Do(t.Context(), policy, func(context.Context) error {
			tries = append(tries, time.Since(start))
			if len(tries) < 5 {
				return errAway
			}
			return nil
		})
		want := []time.Duration{0, 1, 3, 6, 9}
		if err != nil || len(tries) != len(want) {
			t.Fatalf("%v after tries at %v", err, tries)
		}
		for n := range want {
			if tries[n] != want[n]*time.Second { //nolint:durationcheck // want is in seconds.
				t.Errorf("try %d was at %v, want %vs", n, tries[n], int(want[n]))
			}
		}
	})
}

func TestDo_StopsAtAnErrorThatIsNotRetryable(t *testing.T) {
	tries := 0
	err := retry.Do(t.Context(), retry.Policy{First: time.Hour, Retryable: isAway}, func(context.Context) error {
		tries++
		return errWrong
	})
	if !errors.Is(err, errWrong) || tries != 1 {
		t.Errorf("%v after %d tries", err, tries)
	}
}

func TestDo_EndsWithItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, tries := time.Now(), 0
		policy := retry.Policy{First: 2 * time.Second, Limit: 5 * time.Second, Retryable: isAway}
		err := retry.Do(t.Context(), policy, func(ctx context.Context) error {
			tries++
			if deadline, ok := ctx.Deadline(); !ok || deadline.Sub(start) != policy.Limit {
				t.Errorf("the deadline of a try is %v, %v", deadline, ok)
			}
			return errAway
		})
		if !errors.Is(err, errAway) || tries != 2 || time.Since(start) != policy.Limit {
			t.Errorf("%v after %d tries in %v", err, tries, time.Since(start))
		}
	})
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		if !retry.Wait(t.Context(), time.Minute) || time.Since(start) != time.Minute {
			t.Errorf("waited for %v", time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if start = time.Now(); retry.Wait(ctx, time.Minute) || time.Since(start) != time.Second {
			t.Errorf("outlived its context by %v", time.Since(start)-time.Second)
		}
		if retry.Wait(ctx, 0) {
			t.Error("did not report that the context has ended")
		}
	})
}
