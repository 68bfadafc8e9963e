package gcp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// apiError returns the error of an answer, as the clients return it.
func apiError(t testing.TB, status int, body string) *googleapi.Error {
	t.Helper()
	err := googleapi.CheckResponseWithBody(&http.Response{StatusCode: status, Header: http.Header{}}, []byte(body))
	api, ok := errors.AsType[*googleapi.Error](err)
	if !ok {
		t.Fatalf("status %d is not an error: %v", status, err)
	}
	return api
}

func withReason(status int, reason string) string {
	return fmt.Sprintf(`{"error":{"code":%d,"message":"the message","errors":[{"reason":%q}]}}`, status, reason)
}

func withDetail(status int, reason string) string {
	return fmt.Sprintf(`{"error":{"code":%d,"message":"the message","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":%q}]}}`, status, reason)
}

func grantError(status int, body string) error {
	return &signInError{&oauth2.RetrieveError{Response: &http.Response{StatusCode: status}, Body: []byte(body)}}
}

// explainTests are errors with the reason of their fault, a part of its message, and whether another
// attempt may succeed.
var explainTests = map[string]struct {
	err        func(testing.TB) error
	reason     fault.Reason
	text       string
	repeatable bool
}{
	"status 429":          {answer(429, ``), fault.ReasonThrottled, "too many", true},
	"rate limit":          {answer(403, withReason(403, "rateLimitExceeded")), fault.ReasonThrottled, "too many", true},
	"user rate limit":     {answer(403, withReason(403, "userRateLimitExceeded")), fault.ReasonThrottled, "too many", true},
	"quota":               {answer(403, withReason(403, "quotaExceeded")), fault.ReasonThrottled, "too many", true},
	"daily limit":         {answer(403, withReason(403, "dailyLimitExceeded")), fault.ReasonThrottled, "too many", true},
	"concurrent limit":    {answer(403, withReason(403, "concurrentLimitExceeded")), fault.ReasonThrottled, "too many", true},
	"rate limit detail":   {answer(403, withDetail(403, "RATE_LIMIT_EXCEEDED")), fault.ReasonThrottled, "too many", true},
	"forbidden":           {answer(403, withReason(403, "forbidden")), fault.ReasonPermissionDenied, "answered: the message", false},
	"not found":           {answer(404, withReason(404, "notFound")), fault.ReasonPermissionDenied, "answered: the message", false},
	"unknown path":        {answer(404, `404 page not found`), fault.ReasonInternal, "HTTP status 404", false},
	"unauthorized":        {answer(401, `{}`), fault.ReasonCredentialsInvalid, "HTTP status 401", true},
	"expired token":       {answer(401, withDetail(401, "ACCESS_TOKEN_EXPIRED")), fault.ReasonCredentialsExpired, "the message", true},
	"disabled":            {answer(403, withDetail(403, "SERVICE_DISABLED")), fault.ReasonAPIDisabled, "the message", false},
	"disabled, older":     {answer(403, withReason(403, "accessNotConfigured")), fault.ReasonAPIDisabled, "the message", false},
	"no billing":          {answer(403, withDetail(403, "BILLING_DISABLED")), fault.ReasonAPIDisabled, "the message", false},
	"suspended":           {answer(403, withDetail(403, "CONSUMER_SUSPENDED")), fault.ReasonAPIDisabled, "the message", false},
	"account disabled":    {answer(403, withReason(403, "accountDisabled")), fault.ReasonAPIDisabled, "the message", false},
	"server error":        {answer(503, ``), fault.ReasonUnreachable, "HTTP status 503", true},
	"request timeout":     {answer(408, ``), fault.ReasonInternal, "HTTP status 408", true},
	"proxy page":          {answer(502, `{"error":{"code":502,"message":"<html>Bad Gateway"}}`), fault.ReasonUnreachable, "HTTP status 502", true},
	"bad request":         {answer(400, withReason(400, "invalid")), fault.ReasonInternal, "the message", false},
	"too long":            {is(&providerkit.TooLongError{Limit: maxAnswer}), fault.ReasonInternal, "128 MiB", true},
	"no JSON":             {is(&json.SyntaxError{}), fault.ReasonInternal, "can't be understood", true},
	"other type":          {is(&json.UnmarshalTypeError{}), fault.ReasonInternal, "can't be understood", true},
	"no message":          {is(fmt.Errorf("decode: %w", proto.Error)), fault.ReasonInternal, "can't be understood", true},
	"cut short":           {is(io.ErrUnexpectedEOF), fault.ReasonUnreachable, "cut short", true},
	"empty":               {is(errEmptyAnswer), fault.ReasonInternal, "is empty", true},
	"empty body":          {is(io.EOF), fault.ReasonInternal, "is empty", true},
	"closed connection":   {is(&url.Error{Op: "Get", URL: "https://example.com/?secret", Err: io.EOF}), fault.ReasonUnreachable, "can't be reached: EOF", true},
	"refused connection":  {is(&net.OpError{Op: "dial", Err: errors.New("refused")}), fault.ReasonUnreachable, "can't be reached: refused", true},
	"deadline":            {is(fmt.Errorf("read: %w", &url.Error{Op: "Get", Err: timeoutError{}})), fault.ReasonUnreachable, "in time", true},
	"unexpected":          {is(&unexpectedAnswerError{"list of VMs", "compute#diskList"}), fault.ReasonInternal, `kind "compute#diskList"`, true},
	"null":                {is(&unexpectedAnswerError{"VM", ""}), fault.ReasonInternal, "instead of a VM", true},
	"unknown":             {is(errors.New("with a secret")), fault.ReasonInternal, "can't be understood", true},
	"no default":          {is(&signInError{errNoDefault}), fault.ReasonCredentialsInvalid, "no application default credentials", false},
	"no token":            {is(&signInError{errNoToken}), fault.ReasonInternal, "without a token", true},
	"grant expired":       {is(grantError(400, `{"error":"invalid_grant","error_description":"Token has been expired"}`)), fault.ReasonCredentialsExpired, "issued no token", false},
	"wrong clock":         {is(grantError(400, `{"error":"invalid_grant","error_description":"in a reasonable timeframe"}`)), fault.ReasonCredentialsExpired, "issued no token", false},
	"grant invalid":       {is(grantError(400, `{"error":"invalid_grant","error_description":"Invalid JWT Signature."}`)), fault.ReasonCredentialsInvalid, "Invalid JWT Signature", false},
	"grant denied":        {is(grantError(400, `{"error":"access_denied"}`)), fault.ReasonPermissionDenied, "access_denied", false},
	"client unauthorized": {is(grantError(401, `{"error":"unauthorized_client"}`)), fault.ReasonPermissionDenied, "unauthorized_client", true},
	"grant unauthorized":  {is(grantError(401, ``)), fault.ReasonCredentialsInvalid, "HTTP status 401", true},
	"grant server error":  {is(grantError(500, `{"error":"internal_failure"}`)), fault.ReasonUnreachable, "internal_failure", true},
	"grant throttled":     {is(grantError(429, ``)), fault.ReasonThrottled, "too many", true},
}

type timeoutError struct{}

func (timeoutError) Error() string { return "a timeout" }
func (timeoutError) Timeout() bool { return true }

func answer(status int, body string) func(testing.TB) error {
	return func(t testing.TB) error { t.Helper(); return apiError(t, status, body) }
}

func is(err error) func(testing.TB) error { return func(testing.TB) error { return err } }

func TestClassify(t *testing.T) {
	c := machineCall(instancesList, "europe-west1-b")
	for name, tt := range explainTests {
		t.Run(name, func(t *testing.T) {
			err := tt.err(t)
			failure, ok := errors.AsType[*fault.Error](classify(err, c))
			if !ok || failure.Reason != tt.reason || !strings.Contains(failure.Message, tt.text) || failure.Remedy == "" {
				t.Errorf("got %+v, want %s with %q", failure, tt.reason, tt.text)
			}
			if !strings.HasPrefix(failure.Message, "Compute Engine in europe-west1-b ") || strings.Contains(failure.Message, "secret") || !errors.Is(failure, err) {
				t.Errorf("the message is %q", failure.Message)
			}
			if got := isRepeatable(err, 1); got != tt.repeatable {
				t.Errorf("repeatable is %v", got)
			}
			if _, signIn := errors.AsType[*signInError](err); signIn != strings.Contains(failure.Message, "was not called") {
				t.Errorf("the message is %q", failure.Message)
			}
		})
	}
}

func TestClassify_KeepsFaults(t *testing.T) {
	known := invalidAnswer("no zones")
	if got := classify(fmt.Errorf("list: %w", known), call{}); got != error(known) { //nolint:errorlint // The very same fault is meant.
		t.Errorf("got %v", got)
	}
}

// TestIsRepeatable_Unauthorized checks that a rejected token is replaced once.
func TestIsRepeatable_Unauthorized(t *testing.T) {
	err := apiError(t, 401, ``)
	if !isRepeatable(err, 1) || isRepeatable(err, 2) {
		t.Error("a rejected token is not replaced exactly once")
	}
}

func TestBackoff(t *testing.T) {
	later := apiError(t, 503, ``)
	later.Header.Set("Retry-After", "3")
	if got := backoff(later, 1, time.Minute); got != 3*time.Second {
		t.Errorf("the cloud asks for 3s, the pause is %s", got)
	}
	if got := backoff(later, 1, time.Second); got != time.Second {
		t.Errorf("the pause is %s, the limit 1s", got)
	}
	for _, value := range []string{"0", "-1", "soon"} {
		later.Header.Set("Retry-After", value)
		if got := backoff(later, 1, time.Minute); got < firstBackoff/2 || got > firstBackoff {
			t.Errorf("Retry-After %s: the pause is %s", value, got)
		}
	}
	for n, most := range map[int]time.Duration{1: firstBackoff, 2: 2 * firstBackoff, 4: 8 * firstBackoff, 60: 10 * time.Second} {
		if got := backoff(io.EOF, n, 10*time.Second); got < most/2 || got > most {
			t.Errorf("after attempt %d the pause is %s, want between %s and %s", n, got, most/2, most)
		}
	}
}

func TestIsAbsent(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{apiError(t, 404, withReason(404, "notFound")), true},
		{fmt.Errorf("get: %w", apiError(t, 404, withReason(404, "instanceDoesNotExist"))), true},
		{apiError(t, 404, withReason(404, "another")), false},
		{apiError(t, 404, `404 page not found`), false},
		{apiError(t, 403, withReason(403, "notFound")), false},
		{io.EOF, false},
		{nil, false},
	} {
		if got := isAbsent(tt.err, "notFound", "instanceDoesNotExist"); got != tt.want {
			t.Errorf("%v: got %v", tt.err, got)
		}
	}
	if !isUnknownPath(apiError(t, 404, `404 page not found`)) || isUnknownPath(apiError(t, 404, withReason(404, "notFound"))) || isUnknownPath(apiError(t, 400, ``)) {
		t.Error("an unknown path is not a 404 without a reason")
	}
}

func TestDetailsOf(t *testing.T) {
	const page = "https://console.developers.google.com/apis/api/compute.googleapis.com/overview?project=p"
	for name, details := range map[string]string{
		"activation URL": `[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","metadata":{"activationUrl":"` + page + `"}}]`,
		"help": `["?",{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED"},
			{"@type":"type.googleapis.com/google.rpc.Help","links":[null,{"url":"https://example.com/"},{"url":"` + page + `"}]}]`,
	} {
		t.Run(name, func(t *testing.T) {
			err := apiError(t, 403, `{"error":{"code":403,"message":"disabled","errors":[{"reason":"forbidden"}],"details":`+details+`}}`)
			if got := detailsOf(err); got.reason != "SERVICE_DISABLED" || got.link != page {
				t.Errorf("got %+v", got)
			}
			failure, _ := errors.AsType[*fault.Error](classify(err, machineCall(zonesList, "")))
			if failure.Reason != fault.ReasonAPIDisabled || !strings.Contains(failure.Remedy, page) {
				t.Errorf("got %+v, remedy %q", failure, failure.Remedy)
			}
		})
	}
}
