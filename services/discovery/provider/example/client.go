package example

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// maxBody is the largest answer that is read, in bytes.
const maxBody = 4 << 20

// counter counts calls.
type counter interface{ Called(throttled bool) }

// uncounted counts nothing, for calls that belong to no scope.
type uncounted struct{}

func (uncounted) Called(bool) {}

// statusError is an answer with another status than success.
type statusError struct {
	status int
	code   string // of the API
}

func (e *statusError) Error() string { return fmt.Sprintf("HTTP status %d, %s", e.status, e.code) }

// errInvalid is an answer that is no valid document.
var errInvalid = errors.New("the answer is not valid JSON")

// get reads a path of the API. What is the subject in messages. Errors are faults, or the
// context's.
func (s *session) get(ctx context.Context, calls counter, what, path string, query url.Values, into any) error {
	for attempt := 1; ; attempt++ {
		err := s.call(ctx, calls, http.MethodGet, s.target(path, query), nil, into)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		}
		f := faultOf(what, err)
		if f.Reason != fault.ReasonThrottled && f.Reason != fault.ReasonUnreachable || attempt == s.provider.config.Attempts {
			return f
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(s.provider.config.Backoff):
		}
	}
}

// call makes one call, within the rate limit and its time limit.
func (s *session) call(ctx context.Context, calls counter, method, target string, body []byte, into any) error {
	budget := s.provider.config.Budget
	if err := provider.TakeCall(ctx, budget, s.api()); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, s.provider.config.CallLimit)
	defer cancel()
	err := s.send(limited, method, target, body, into)
	status, ok := errors.AsType[*statusError](err)
	throttled := ok && status.status == http.StatusTooManyRequests
	budget.Report(ctx, s.api(), throttled)
	calls.Called(throttled)
	return err
}

func (s *session) send(ctx context.Context, method, target string, body []byte, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.GetBody = nil // a request that changes something is not sent again
	request.Header.Set("Authorization", "Bearer "+s.key.Reveal())
	response, err := s.provider.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(providerkit.BoundedBody(response.Body, maxBody))
	if _, tooLong := errors.AsType[*providerkit.TooLongError](err); tooLong {
		return errInvalid
	}
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusBadRequest {
		var answer struct{ Error string }
		_ = json.Unmarshal(text, &answer)
		return &statusError{response.StatusCode, answer.Error}
	}
	if json.Unmarshal(text, into) != nil {
		return errInvalid
	}
	return nil
}

// faultOf returns the fault of a read that failed.
func faultOf(what string, err error) *fault.Error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	if errors.Is(err, errInvalid) {
		return invalid(what, err.Error())
	}
	because := func(reason fault.Reason, problem, remedy string) *fault.Error {
		return fault.ForReason(reason, "reading "+what+": "+problem, remedy, err)
	}
	answer, ok := errors.AsType[*statusError](err)
	switch {
	case !ok:
		return because(fault.ReasonUnreachable, "the cloud did not answer", "Check the network and the status page of the cloud.")
	case answer.code == "expired_key":
		return because(fault.ReasonCredentialsExpired, "the API key has expired", "Set a new API key.")
	case answer.status == http.StatusUnauthorized:
		return because(fault.ReasonCredentialsInvalid, "the cloud does not accept the API key", "Set a valid API key.")
	case answer.status == http.StatusForbidden:
		return because(fault.ReasonPermissionDenied, "the API key lacks a permission", "Give the key the permission to read.")
	case answer.status == http.StatusTooManyRequests:
		return because(fault.ReasonThrottled, "the cloud throttled the calls", "Give the account a longer sync interval.")
	case answer.status >= http.StatusInternalServerError:
		return because(fault.ReasonUnreachable, "the cloud had an error of its own", "Look at the status page of the cloud.")
	}
	return invalid(what, answer.Error())
}

// invalid returns the fault of an answer that can't be true.
func invalid(what, problem string) *fault.Error {
	return fault.ForReason(fault.ReasonInternal, "reading "+what+": "+problem,
		"Check what answers at the endpoint: it may be a proxy.", nil)
}
