package rest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/rollcall-dev/rollcall/services/gateway"
)

// noConn fails every call with DATA_LOSS, which shows that a request reached it.
type noConn struct{}

func (noConn) Invoke(context.Context, string, any, any, ...grpc.CallOption) error {
	return status.Error(codes.DataLoss, "called")
}

func (noConn) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, status.Error(codes.DataLoss, "called")
}

// TestRoutes_MatchHandlers compares the table with the generated handlers: a rule that only one of
// them has would cause a 404 or a 500.
func TestRoutes_MatchHandlers(t *testing.T) {
	t.Parallel()
	up := gateway.Upstreams{Accounts: noConn{}, Inventory: noConn{}, Discovery: noConn{}}
	handler, err := New(t.Context(), up)
	if err != nil {
		t.Fatal(err)
	}
	table, err := routes(up.Public())
	if err != nil {
		t.Fatal(err)
	}
	if len(table) < 14 {
		t.Errorf("only %d routes", len(table))
	}
	for key := range table {
		method, template, _ := strings.Cut(key, " ")
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(method, example(template), nil))
		if answer.Code != http.StatusInternalServerError || !strings.Contains(answer.Body.String(), `"called"`) {
			t.Errorf("%s: HTTP %d %s", key, answer.Code, answer.Body)
		}
	}
}

// example returns a path that matches a template.
func example(template string) string {
	before, rest, ok := strings.Cut(template, "{")
	if !ok {
		return template
	}
	variable, after, _ := strings.Cut(rest, "}")
	_, pattern, _ := strings.Cut(variable, "=")
	return before + strings.ReplaceAll(pattern, "*", "x") + after
}
