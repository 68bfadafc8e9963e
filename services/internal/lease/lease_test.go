package lease_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/lease"
)

var errTaken, errAway = errors.New("taken over"), errors.New("the store is away")

const duration = 10 * time.Second

// options are those of a lease whose renewals end as the function returns, by their number
// from 1.
func options(renew func(ctx context.Context, n int) error) lease.Options {
	n := 0
	return lease.Options{
		Duration: duration,
		Renew: func(ctx context.Context, _ bool) error {
			n++
			return renew(ctx, n)
		},
		IsLost: func(err error) bool { return errors.Is(err, errTaken) },
		Logger: slog.New(slog.DiscardHandler),
	}
}

// wantEnd waits for the end of the work, and checks when and why it ended.
func wantEnd(ctx context.Context, t *testing.T, after time.Duration, cause error) {
	t.Helper()
	start := time.Now()
	<-ctx.Done()
	if got := time.Since(start); got != after || !errors.Is(context.Cause(ctx), cause) {
		t.Errorf("the work ended after %v because of %v, want %v and %v", got, context.Cause(ctx), after, cause)
	}
}

func TestHold_RenewsFiveTimesInItsDuration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var renewed atomic.Int64
		ctx, l := lease.Hold(t.Context(), options(func(ctx context.Context, n int) error {
			if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) != duration/5 {
				t.Errorf("renewal %d has until %v", n, deadline)
			}
			renewed.Store(int64(n))
			return nil
		}))
		<-time.After(6*duration + time.Second)
		if renewed.Load() != 30 || ctx.Err() != nil {
			t.Errorf("renewed %d times in six durations; the work: %v", renewed.Load(), context.Cause(ctx))
		}
		l.Release()
		<-time.After(duration)
		if renewed.Load() != 30 || ctx.Err() == nil {
			t.Errorf("renewed %d times, also after its release; the work: %v", renewed.Load(), ctx.Err())
		}
	})
}

func TestHold_Every(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var renewed atomic.Int64
		o := options(func(_ context.Context, n int) error { renewed.Store(int64(n)); return nil })
		o.Every = time.Second
		_, l := lease.Hold(t.Context(), o)
		defer l.Release()
		<-time.After(duration + time.Second/2)
		if renewed.Load() != 10 {
			t.Errorf("renewed %d times in ten periods", renewed.Load())
		}
	})
}

func TestHold_LosesTheLease(t *testing.T) {
	for name, test := range map[string]struct {
		renew func(ctx context.Context, n int) error
		after time.Duration
		cause error
	}{
		"at once, to another worker": {func(context.Context, int) error { return errTaken }, 2 * time.Second, errTaken},
		"before it expires, while renewals fail": {
			func(context.Context, int) error { return errAway }, 9 * time.Second, lease.ErrExpired,
		},
		"before it expires, while a renewal hangs": {
			func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }, 9 * time.Second, lease.ErrExpired,
		},
		"counted from the start of the last renewal that succeeded": {
			func(_ context.Context, n int) error {
				if n > 3 {
					return errAway
				}
				<-time.After(time.Second)
				return nil
			}, 15 * time.Second, lease.ErrExpired,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, l := lease.Hold(t.Context(), options(test.renew))
				defer l.Release()
				wantEnd(ctx, t, test.after, test.cause)
			})
		})
	}
}

func TestHold_SurvivesFailuresThatPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, l := lease.Hold(t.Context(), options(func(_ context.Context, n int) error {
			if n%4 != 0 { // Three of four fail: the next comes 8 s after the last, of 9.
				return errAway
			}
			return nil
		}))
		defer l.Release()
		<-time.After(10 * duration)
		if ctx.Err() != nil {
			t.Errorf("the work ended because of %v", context.Cause(ctx))
		}
	})
}

func TestConclude_RefusedRenewalsNoLongerEndTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var concluding atomic.Bool
		o := options(nil)
		o.Renew = func(_ context.Context, c bool) error {
			if c != concluding.Load() {
				t.Errorf("a renewal knows that the work concludes: %t, want %t", c, concluding.Load())
			}
			if concluding.Load() {
				return errTaken
			}
			return nil
		}
		ctx, l := lease.Hold(t.Context(), o)
		defer l.Release()
		<-time.After(duration/5 + time.Second)
		concluding.Store(true)
		l.Conclude()
		<-time.After(3 * duration)
		if ctx.Err() != nil {
			t.Errorf("the work ended because of %v", context.Cause(ctx))
		}
	})
}

func TestRelease_WaitsForARenewalThatIsRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running atomic.Bool
		_, l := lease.Hold(t.Context(), options(func(ctx context.Context, _ int) error {
			running.Store(true)
			<-ctx.Done()
			<-time.After(time.Second / 2)
			running.Store(false)
			return ctx.Err()
		}))
		<-time.After(duration/5 + time.Second)
		if !running.Load() {
			t.Fatal("no renewal is running")
		}
		l.Release()
		if running.Load() {
			t.Error("a renewal is running after the release")
		}
		l.Release()
	})
}

func TestHold_EndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		ctx, l := lease.Hold(parent, options(func(ctx context.Context, _ int) error { return ctx.Err() }))
		wantEnd(ctx, t, 3*time.Second, context.DeadlineExceeded)
		l.Release()
	})
}
