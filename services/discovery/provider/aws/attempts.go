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

// throttles are the SDK's own signs of being throttled.
var throttles = retry.IsErrorThrottles(retry.DefaultThrottles)

// attempts watches the attempts at one call. The SDK repeats calls by itself;
// what costs of the account's rate limit is attempts.
type attempts struct {
	// calls counts them; nil: nobody does.
	calls provider.Calls
	// throttled tells whether the last one was: a call that then runs out of time
	// while it waits for its turn failed for that reason, which the error does
	// not say.
	throttled atomic.Bool
}

type attemptsKey struct{}

// attempt makes a call with all its attempts, within so much time, and gives its
// error a meaning.
func attempt[T any](
	ctx context.Context, limit time.Duration, calls provider.Calls, explain func(context.Context, error) error,
	do func(context.Context) (T, error),
) (T, error) {
	limited, cancel := context.WithTimeout(context.WithValue(ctx, attemptsKey{}, &attempts{calls: calls}), limit)
	defer cancel()
	result, err := do(limited)
	if err != nil && ctx.Err() != nil {
		return result, ctx.Err() // The caller has no more time, or no more interest.
	}
	return result, explain(limited, err)
}

// lastThrottled tells whether the last attempt at the call of ctx was throttled.
func lastThrottled(ctx context.Context) bool {
	a, ok := ctx.Value(attemptsKey{}).(*attempts)
	return ok && a.throttled.Load()
}

// watchAttempts has each attempt at a call be watched.
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
