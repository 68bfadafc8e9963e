package gcp

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/api/googleapi"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// firstCallLimit bounds the first calls of a run with all their attempts, because until one is
// answered it is unknown whether anything answers.
const firstCallLimit = 20 * time.Second

// firstBackoff is the pause before the second attempt. Each further pause is twice as long.
const firstBackoff = 200 * time.Millisecond

// attempt makes a call, repeats it within bounds while another attempt may succeed, and turns its
// error into a fault. Each attempt is counted; calls may be nil.
func attempt[T any](ctx context.Context, s *session, calls provider.Calls, c call, do func(context.Context) (T, error)) (T, error) {
	config := s.provider.config
	c.project, c.signIn = s.project, s.signIn
	limit := config.CallLimit
	if c.first {
		limit = min(limit, firstCallLimit)
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for n := 1; ; n++ {
		report, err := s.takeCall(limited, c)
		if err != nil {
			var none T
			if ctx.Err() != nil {
				return none, ctx.Err()
			}
			return none, classify(err, c)
		}
		result, err := once(limited, config.AttemptLimit, do)
		throttled := err != nil && isThrottled(err)
		report(throttled)
		if calls != nil {
			calls.Called(throttled)
		}
		if err == nil {
			return result, nil
		}
		if ctx.Err() != nil {
			return result, ctx.Err() // The caller has gone away, or has no time left.
		}
		if n >= config.Attempts || !isRepeatable(err, n) || !pause(limited, backoff(err, n, config.MaxBackoff)) {
			if ctx.Err() != nil {
				return result, ctx.Err()
			}
			return result, classify(err, c)
		}
	}
}

// answered returns the answer of a client of google.golang.org/api, which returns neither an answer
// nor an error if the answer is null.
func answered[T any](answer *T, err error) (*T, error) {
	if err == nil && answer == nil {
		err = &unexpectedAnswerError{want: "answer of an API", got: "null"}
	}
	return answer, err
}

// once makes one attempt.
func once[T any](ctx context.Context, limit time.Duration, do func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return do(ctx)
}

// isRepeatable reports whether another attempt may succeed after the n-th failed: the call was
// throttled, the connection broke, the cloud itself failed, or, once, the token was rejected, which
// the session has dropped.
func isRepeatable(err error, n int) bool {
	if isThrottled(err) {
		return true
	}
	if status := statusOf(err); status != 0 {
		return status >= 500 || status == http.StatusRequestTimeout || status == http.StatusUnauthorized && n == 1
	}
	if _, ok := errors.AsType[*signInError](err); ok && errors.Is(err, errNoDefault) {
		return false
	}
	return true // No answer of the API: a broken connection, a deadline, an answer cut short.
}

// backoff returns the pause after the n-th attempt: the one that the cloud asks for, else one that
// doubles each time. Half of it is random, so that many clients do not come back at once.
func backoff(err error, n int, limit time.Duration) time.Duration {
	if api, ok := errors.AsType[*googleapi.Error](err); ok {
		if seconds, parseErr := strconv.Atoi(api.Header.Get("Retry-After")); parseErr == nil && seconds > 0 {
			return min(time.Duration(seconds)*time.Second, limit)
		}
	}
	doubled := min(firstBackoff<<min(n-1, 10), limit)
	return doubled/2 + rand.N(doubled/2+1) //nolint:gosec // A pause is not secret.
}

// pause waits. It returns false, at once if possible, if ctx ends before the pause does.
func pause(ctx context.Context, length time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < length {
		return false
	}
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
