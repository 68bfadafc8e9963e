package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/rollcall-dev/rollcall/services/gateway"
)

// failingConn fails every call with one error.
type failingConn struct {
	noConn

	err error
}

func (c failingConn) Invoke(context.Context, string, any, any, ...grpc.CallOption) error {
	return c.err
}

// TestHandler_ErrorMapping checks the HTTP status and the reason of every gRPC code.
func TestHandler_ErrorMapping(t *testing.T) {
	t.Parallel()
	for code, want := range map[codes.Code]struct {
		httpStatus int
		reason     string
	}{
		codes.Canceled:           {499, "CANCELLED"},
		codes.Unknown:            {http.StatusInternalServerError, "UNKNOWN"},
		codes.InvalidArgument:    {http.StatusBadRequest, "INVALID_ARGUMENT"},
		codes.DeadlineExceeded:   {http.StatusGatewayTimeout, "DEADLINE_EXCEEDED"},
		codes.NotFound:           {http.StatusNotFound, "NOT_FOUND"},
		codes.AlreadyExists:      {http.StatusConflict, "ALREADY_EXISTS"},
		codes.PermissionDenied:   {http.StatusForbidden, "PERMISSION_DENIED"},
		codes.ResourceExhausted:  {http.StatusTooManyRequests, "RESOURCE_EXHAUSTED"},
		codes.FailedPrecondition: {http.StatusBadRequest, "FAILED_PRECONDITION"},
		codes.Aborted:            {http.StatusConflict, "ABORTED"},
		codes.OutOfRange:         {http.StatusBadRequest, "OUT_OF_RANGE"},
		codes.Unimplemented:      {http.StatusNotImplemented, "UNIMPLEMENTED"},
		codes.Internal:           {http.StatusInternalServerError, "INTERNAL"},
		codes.Unavailable:        {http.StatusServiceUnavailable, "UNAVAILABLE"},
		codes.DataLoss:           {http.StatusInternalServerError, "DATA_LOSS"},
		codes.Unauthenticated:    {http.StatusUnauthorized, "UNAUTHENTICATED"},
	} {
		conn := failingConn{err: status.Error(code, "the message")}
		handler, err := New(t.Context(), gateway.Upstreams{Accounts: conn, Inventory: conn, Discovery: conn})
		if err != nil {
			t.Fatal(err)
		}
		got, header, body := send(t, handler, httptest.NewRequest(http.MethodGet, "/v1/accounts", nil))
		if got != want.httpStatus || body.Code != code || body.reason() != want.reason || len(body.Details) != 1 || body.Details[0].Domain != "rollcall.dev" {
			t.Errorf("%v: HTTP %d, %+v; want HTTP %d with the reason %s", code, got, body, want.httpStatus, want.reason)
		}
		if message := body.Message; code != codes.DeadlineExceeded && message != "the message" {
			t.Errorf("%v: message %q", code, message)
		}
		if got := header.Get("Content-Type"); got != contentTypeJSON {
			t.Errorf("%v: content type %q", code, got)
		}
	}
}

// TestHandler_KeepsDetails checks that the details of a service's error are forwarded, also those
// of types that this program does not know.
func TestHandler_KeepsDetails(t *testing.T) {
	t.Parallel()
	st := status.New(codes.NotFound, "missing").Proto()
	st.Details = append(st.Details, &anypb.Any{TypeUrl: "type.googleapis.com/no.such.Type", Value: []byte("abc")})
	conn := failingConn{err: status.FromProto(st).Err()}
	handler, err := New(t.Context(), gateway.Upstreams{Accounts: conn, Inventory: conn, Discovery: conn})
	if err != nil {
		t.Fatal(err)
	}
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/v1/accounts", nil))
	const want = `{"code":5,"message":"missing","details":[{"@type":"type.googleapis.com/no.such.Type","value":"YWJj"}]}`
	if response.Code != http.StatusNotFound || response.Body.String() != want {
		t.Errorf("HTTP %d %s, want %s", response.Code, response.Body, want)
	}
}

func TestHandler_RoutingErrors(t *testing.T) {
	t.Parallel()
	handler := newTestHandler(t)
	for _, c := range []struct {
		method, path string
		code         int
		reason       string
		allow        string
	}{
		{"GET", "/v1/no-such-path", http.StatusNotFound, "NO_SUCH_PATH", ""},
		{"GET", "/v1/accounts/a/b/c", http.StatusNotFound, "NO_SUCH_PATH", ""},
		{"PUT", "/v1/accounts", http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "GET, POST, HEAD"},
		{"DELETE", "/v1/instances/x", http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "GET, HEAD"},
		{"GET", "/v1/keys:rotate", http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "POST"},
	} {
		code, header, body := send(t, handler, httptest.NewRequest(c.method, c.path, nil))
		if code != c.code || body.reason() != c.reason || header.Get("Allow") != c.allow || !strings.Contains(body.Message, c.path) {
			t.Errorf("%s %s: HTTP %d, Allow %q, %+v", c.method, c.path, code, header.Get("Allow"), body)
		}
	}
}

func TestHandler_HeadIsGet(t *testing.T) {
	t.Parallel()
	if code, _, body := send(t, newTestHandler(t), httptest.NewRequest(http.MethodHead, "/v1/accounts", nil)); body.reason() != "DATA_LOSS" {
		t.Errorf("HEAD did not reach the service: HTTP %d, %+v", code, body)
	}
}

func TestWriteError_PlainError(t *testing.T) {
	t.Parallel()
	response := httptest.NewRecorder()
	writeError(t.Context(), nil, nil, response, nil, fmt.Errorf("wrapped: %w", errors.New("cause")))
	if response.Code != http.StatusInternalServerError || !strings.Contains(response.Body.String(), `"reason":"UNKNOWN"`) {
		t.Errorf("HTTP %d %s", response.Code, response.Body)
	}
}
