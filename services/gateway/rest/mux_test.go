package rest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/rollcall-dev/rollcall/services/gateway"
)

// metadataConn remembers the metadata of the last call.
type metadataConn struct {
	noConn

	metadata metadata.MD
}

func (c *metadataConn) Invoke(ctx context.Context, _ string, _, _ any, _ ...grpc.CallOption) error {
	c.metadata, _ = metadata.FromOutgoingContext(ctx)
	return status.Error(codes.DataLoss, "called")
}

// TestHandler_InvalidUTF8 checks that invalid UTF-8 is refused, because gRPC can't transport it.
func TestHandler_InvalidUTF8(t *testing.T) {
	t.Parallel()
	handler, err := New(t.Context(), gateway.Upstreams{Accounts: noConn{}, Inventory: noConn{}, Discovery: noConn{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ method, target, reason string }{
		{"POST", "/v1/instances/%ff:stop", "INVALID_PATH"},
		{"GET", "/v1/nowhere/%ff", "INVALID_PATH"},
		{"GET", "/v1/operations?filter=%ff", "INVALID_QUERY"},
		{"GET", "/v1/operations?%ff=x", "INVALID_QUERY"},
		{"GET", "/v1/operations?filter=%zz", "INVALID_QUERY"},
	} {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(c.method, c.target, nil))
		if answer.Code != http.StatusBadRequest || !strings.Contains(answer.Body.String(), `"`+c.reason+`"`) {
			t.Errorf("%s %s: HTTP %d %s", c.method, c.target, answer.Code, answer.Body)
		}
	}
}

// TestHandler_ForwardsCaller checks that the user and the user agent reach the services, also with
// characters that are not ASCII.
func TestHandler_ForwardsCaller(t *testing.T) {
	t.Parallel()
	upstream := &metadataConn{}
	handler, err := New(t.Context(), gateway.Upstreams{Accounts: noConn{}, Inventory: noConn{}, Discovery: upstream})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ user, key string }{
		{"ada@example.com", "x-forwarded-user"},
		{"dörte@example.com", "x-forwarded-user-bin"},
	} {
		request := httptest.NewRequest(http.MethodPost, "/v1/instances/x:stop", strings.NewReader("{}"))
		request.Header.Set("X-Forwarded-User", c.user)
		request.Header.Set("User-Agent", "café/1\xff")
		handler.ServeHTTP(httptest.NewRecorder(), request)
		if got := upstream.metadata.Get(c.key); len(got) != 1 || got[0] != c.user {
			t.Errorf("user %s: metadata %v", c.user, upstream.metadata)
		}
		if got := upstream.metadata.Get("x-forwarded-user-agent"); len(got) != 1 || got[0] != "caf??/1?" {
			t.Errorf("user agent %q", got)
		}
	}
}

// TestHandler_ErrorsHaveReasons checks that also errors made by gRPC itself have a reason.
func TestHandler_ErrorsHaveReasons(t *testing.T) {
	t.Parallel()
	handler, err := New(t.Context(), gateway.Upstreams{Accounts: noConn{}, Inventory: noConn{}, Discovery: noConn{}})
	if err != nil {
		t.Fatal(err)
	}
	for timeout, reason := range map[string]string{"": "DATA_LOSS", "bogus": "INVALID_ARGUMENT"} {
		request := httptest.NewRequest(http.MethodGet, "/v1/operations", nil)
		request.Header.Set("Grpc-Timeout", timeout)
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		if !strings.Contains(answer.Body.String(), `"reason":"`+reason+`","domain":"rollcall.dev"`) {
			t.Errorf("%q: %s", timeout, answer.Body)
		}
	}
}
