package gcp

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"
)

// counter counts calls; discovery.Sink and BatchSink are.
type counter interface{ Called(throttled bool) }

// firstAnswer is how long a call has, all attempts taken together, before which
// nobody knows whether anything answers.
const firstAnswer = 20 * time.Second

// firstBackoff is the pause before the second attempt; each further one is twice
// as long.
const firstBackoff = 200 * time.Millisecond

// attempt makes a call, again and again while another try may be better, within
// bounds, and gives its error a meaning. Each attempt is counted.
func attempt[T any](ctx context.Context, s *session, count counter, at call, do func(context.Context) (T, error)) (T, error) {
	config := s.provider.config
	at.project, at.signIn = s.project, s.signIn
	limit := config.CallLimit
	if at.first {
		limit = min(limit, firstAnswer)
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for n := 1; ; n++ {
		told, err := s.spend(limited, at)
		if err != nil {
			var none T
			if ctx.Err() != nil {
				return none, ctx.Err()
			}
			return none, classify(err, at)
		}
		result, err := once(limited, config.AttemptLimit, do)
		throttled := err != nil && isThrottled(err)
		told(throttled)
		if count != nil {
			count.Called(throttled)
		}
		if err == nil {
			return result, nil
		}
		if ctx.Err() != nil {
			return result, ctx.Err() // The caller has no more time, or no more interest.
		}
		if n >= config.Attempts || !again(err, n) || !rest(limited, pause(err, n, config.MaxBackoff)) {
			if ctx.Err() != nil {
				return result, ctx.Err()
			}
			return result, classify(err, at)
		}
	}
}

// got is what an API answered. An answer that is null is none: the clients make
// nil of it, and no error.
func got[T any](answer *T, err error) (*T, error) {
	if err == nil && answer == nil {
		err = &oddAnswerError{want: "answer of an API", got: "null"}
	}
	return answer, err
}

// once makes one attempt.
func once[T any](ctx context.Context, limit time.Duration, do func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return do(ctx)
}

// again tells whether another try may be better after the n-th: what was
// throttled, broke off on the way, or failed on the cloud's side; and once when a
// token was not taken, which has been dropped by now.
func again(err error, n int) bool {
	if isThrottled(err) {
		return true
	}
	if status := statusOf(err); status != 0 {
		return status >= 500 || status == http.StatusRequestTimeout || status == http.StatusUnauthorized && n == 1
	}
	if _, ok := errors.AsType[*signInError](err); ok && errors.Is(err, errNoDefault) {
		return false
	}
	return true // Below the API: a connection, a time limit, an answer cut short.
}

// statusOf is the HTTP status of an answer that was an error; 0 when there was
// none.
func statusOf(err error) int {
	if api, ok := errors.AsType[*googleapi.Error](err); ok {
		return api.Code
	}
	if retrieve, ok := errors.AsType[*oauth2.RetrieveError](err); ok && retrieve.Response != nil {
		return retrieve.Response.StatusCode
	}
	return 0
}

// isThrottled tells a refusal for too many calls: 429, or Compute Engine's 403
// with a reason that says so.
func isThrottled(err error) bool {
	if statusOf(err) == http.StatusTooManyRequests {
		return true
	}
	api, ok := errors.AsType[*googleapi.Error](err)
	if !ok || api.Code != http.StatusForbidden {
		return false
	}
	for _, item := range api.Errors {
		switch item.Reason {
		case "rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded", "concurrentLimitExceeded":
			return true
		}
	}
	return detailsOf(api).reason == "RATE_LIMIT_EXCEEDED"
}

// pause is how long to wait after the n-th attempt: as the cloud says, or longer
// each time, with some chance in it so that many do not come back at once.
func pause(err error, n int, most time.Duration) time.Duration {
	if api, ok := errors.AsType[*googleapi.Error](err); ok {
		if seconds, parseErr := strconv.Atoi(api.Header.Get("Retry-After")); parseErr == nil && seconds > 0 {
			return min(time.Duration(seconds)*time.Second, most)
		}
	}
	grown := min(firstBackoff<<min(n-1, 10), most)
	return grown/2 + rand.N(grown/2+1) //nolint:gosec // A pause is no secret.
}

// rest waits; false when ctx ends first, or would.
func rest(ctx context.Context, span time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < span {
		return false
	}
	timer := time.NewTimer(span)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
