package aws

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// throttles detects the errors that the SDK treats as throttling.
var throttles = retry.IsErrorThrottles(retry.DefaultThrottles)

// attempts observes the attempts of one call. The SDK repeats calls by itself, and each attempt
// counts against the rate limit of the account.
type attempts struct {
	// calls counts the attempts. It may be nil.
	calls provider.Calls
	// throttled reports whether the last attempt was throttled. If the call then runs out of time
	// while it waits, throttling is the reason, and the error does not show it.
	throttled atomic.Bool
}

type attemptsKey struct{}

// attempt makes a call with all its attempts within a time limit, and converts its error with
// explain.
func attempt[T any](
	ctx context.Context, limit time.Duration, calls provider.Calls, explain func(context.Context, error) error,
	do func(context.Context) (T, error),
) (T, error) {
	limited, cancel := context.WithTimeout(context.WithValue(ctx, attemptsKey{}, &attempts{calls: calls}), limit)
	defer cancel()
	result, err := do(limited)
	if err != nil && ctx.Err() != nil {
		return result, ctx.Err() // The caller ran out of time, or gave up.
	}
	return result, explain(limited, err)
}

// lastThrottled reports whether the last attempt of the call with ctx was throttled.
func lastThrottled(ctx context.Context) bool {
	a, ok := ctx.Value(attemptsKey{}).(*attempts)
	return ok && a.throttled.Load()
}

// watchAttempts records each attempt of a call in its context.
func watchAttempts(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("rollcall:WatchAttempts",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
			middleware.FinalizeOutput, middleware.Metadata, error,
		) {
			out, metadata, err := next.HandleFinalize(ctx, in)
			if a, ok := ctx.Value(attemptsKey{}).(*attempts); ok {
				throttled := err != nil && throttles.IsErrorThrottle(err) == aws.TrueTernary
				a.throttled.Store(throttled)
				if a.calls != nil {
					a.calls.Called(throttled)
				}
			}
			return out, metadata, err
		}), "Retry", middleware.After)
}
