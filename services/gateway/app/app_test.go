package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/gateway/app"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newTestApp runs a gateway without services behind it until the test ends. The tests with all
// services are in services/rollcall/e2e.
func newTestApp(t *testing.T) *app.App {
	t.Helper()
	unreachable := serve.Address("localhost:1")
	a, err := app.New(t.Context(), app.Config{
		Logging: serve.Logging{Out: io.Discard},
		HTTP:    serve.Address("localhost:0"), GRPC: serve.Address("localhost:0"),
		Accounts: unreachable, Inventory: unreachable, Discovery: unreachable,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
	return a
}

// response is an HTTP response with its body.
type response struct {
	status int
	header http.Header
	body   string
}

func call(t *testing.T, a *app.App, method, path, body string, headers ...string) response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+a.HTTPAddr().String()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	got, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	content, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{got.StatusCode, got.Header, string(content)}
}

// problem is a google.rpc.Status in JSON.
type problem struct {
	Code    codes.Code
	Message string
	Details []struct {
		Type            string `json:"@type"`
		Reason          string
		Domain          string
		FieldViolations []struct{ Field, Description string }
	}
}

func (r response) problem(t *testing.T) problem {
	t.Helper()
	if got := r.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("an error has the content type %s", got)
	}
	var p problem
	if err := json.Unmarshal([]byte(r.body), &p); err != nil {
		t.Fatalf("%v: %s", err, r.body)
	}
	return p
}

func TestREST_InvalidRequests(t *testing.T) {
	t.Parallel()
	a := newTestApp(t)
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		code                     codes.Code
		reason, field, want      string
	}{
		{"unknown path", "GET", "/v1/nothing", "", 404, codes.NotFound, "NO_SUCH_PATH", "", "/v1/nothing"},
		{"unknown path elsewhere", "GET", "/nothing", "", 404, codes.NotFound, "NO_SUCH_PATH", "", "/docs"},
		{"wrong method", "PUT", "/v1/accounts", "", 405, codes.Unimplemented, "METHOD_NOT_ALLOWED", "", "GET or POST"},
		{"POST with a form is not GET", "POST", "/v1/instances", "filter=x", 405, codes.Unimplemented, "METHOD_NOT_ALLOWED", "", "GET"},
		{"unknown parameter", "GET", "/v1/accounts?pagesize=1", "", 400, codes.InvalidArgument, "INVALID_FIELD", "pagesize", "pageSize"},
		{"unknown parameter of a method without parameters", "GET", "/v1/accounts/x?view=full", "", 400, codes.InvalidArgument, "INVALID_FIELD", "view", "has no query parameters"},
		{"unknown parameter of a custom method", "POST", "/v1/accounts/x:sync?now=1", "", 400, codes.InvalidArgument, "INVALID_FIELD", "now", "has no query parameters"},
		{"field of the path in the query", "GET", "/v1/accounts/x?name=y", "", 400, codes.InvalidArgument, "INVALID_FIELD", "name", "has no query parameters"},
		{"field of the body in the query", "POST", "/v1/accounts?account.paused=true", "{}", 400, codes.InvalidArgument, "INVALID_FIELD", "account.paused", "accountId"},
		{"not a number", "GET", "/v1/accounts?pageSize=many", "", 400, codes.InvalidArgument, "INVALID_FIELD", "pageSize", `"many"`},
		{"not a duration", "GET", "/v1/instances?maxStaleness=soon", "", 400, codes.InvalidArgument, "INVALID_FIELD", "maxStaleness", ""},
		{"two fields of a oneof", "GET", "/v1/instances:lookup?displayName=a&providerId=b", "", 400, codes.InvalidArgument, "INVALID_FIELD", "providerId", "oneof"},
		{"one parameter by both of its names", "GET", "/v1/instances?page_size=1&pageSize=2", "", 400, codes.InvalidArgument, "INVALID_FIELD", "page_size", "twice"},
		{"single parameter repeated", "GET", "/v1/instances?pageSize=1&pageSize=2", "", 400, codes.InvalidArgument, "INVALID_FIELD", "pageSize", ""},
		{"invalid escape in the query", "GET", "/v1/instances?filter=%zz", "", 400, codes.InvalidArgument, "INVALID_QUERY", "", "%zz"},
		{"unknown field", "POST", "/v1/accounts", `{"displayname": "x"}`, 400, codes.InvalidArgument, "INVALID_BODY", "displayname", "line 1"},
		{"unknown nested field", "PATCH", "/v1/accounts/x", "{\n \"aws\": {\"id\": \"1\"}}", 400, codes.InvalidArgument, "INVALID_BODY", "id", "line 2"},
		{"wrong type", "POST", "/v1/accounts", `{"paused": "very"}`, 400, codes.InvalidArgument, "INVALID_BODY", "paused", ""},
		{"not JSON", "POST", "/v1/accounts", "{\"a\":\n  nope}", 400, codes.InvalidArgument, "INVALID_BODY", "", "line 2, column"},
		{"two JSON values", "POST", "/v1/accounts", `{} {}`, 400, codes.InvalidArgument, "INVALID_BODY", "", "not JSON"},
		{"body of a method without one", "GET", "/v1/accounts", `{}`, 400, codes.InvalidArgument, "INVALID_BODY", "", "no request body"},
		{"too large", "POST", "/v1/accounts", strings.Repeat(" ", 1<<20+1), 413, codes.ResourceExhausted, "BODY_TOO_LARGE", "", "1048576"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := call(t, a, c.method, c.path, c.body)
			p := got.problem(t)
			if got.status != c.status || p.Code != c.code {
				t.Errorf("HTTP %d and %v, want %d and %v", got.status, p.Code, c.status, c.code)
			}
			if len(p.Details) == 0 || p.Details[0].Reason != c.reason || p.Details[0].Domain != "rollcall.dev" {
				t.Errorf("details %v, want reason %s", p.Details, c.reason)
			}
			if !strings.Contains(p.Message, c.want) {
				t.Errorf("message %q, want it to contain %q", p.Message, c.want)
			}
			if c.field == "" {
				return
			}
			if len(p.Details) < 2 || p.Details[1].FieldViolations[0].Field != c.field {
				t.Errorf("details %+v, want one for the field %s", p.Details, c.field)
			}
		})
	}
}

func TestREST_AllowHeader(t *testing.T) {
	t.Parallel()
	a := newTestApp(t)
	for path, want := range map[string]string{
		"/v1/accounts":        "GET, POST, HEAD",
		"/v1/accounts/x":      "GET, PATCH, DELETE, HEAD",
		"/v1/instances:count": "",
	} {
		if got := call(t, a, http.MethodPut, path, "").header.Get("Allow"); got != want {
			t.Errorf("%s: Allow is %q, want %q", path, got, want)
		}
	}
}

func TestREST_UnreachableServiceIsNamed(t *testing.T) {
	t.Parallel()
	a := newTestApp(t)
	for path, service := range map[string]string{
		"/v1/accounts": "accounts", "/v1/instances": "inventory", "/v1/syncRuns": "discovery", "/v1/syncRuns/x:watch": "discovery",
	} {
		got := call(t, a, http.MethodGet, path, "")
		p := got.problem(t)
		if got.status != http.StatusServiceUnavailable || p.Code != codes.Unavailable || !strings.Contains(p.Message, service) {
			t.Errorf("%s: HTTP %d, %v %q", path, got.status, p.Code, p.Message)
		}
		if strings.Contains(p.Message, "localhost:1") {
			t.Errorf("%s: the message has the address: %q", path, p.Message)
		}
	}
}

func TestHealth_WithoutServices(t *testing.T) {
	t.Parallel()
	a := newTestApp(t)
	if got := call(t, a, http.MethodGet, "/healthz", ""); got.status != http.StatusOK {
		t.Errorf("healthz: HTTP %d", got.status)
	}
	got := call(t, a, http.MethodGet, "/readyz", "")
	if got.status != http.StatusServiceUnavailable {
		t.Errorf("readyz: HTTP %d", got.status)
	}
	var report struct {
		Status   string
		Services []struct{ Name, Status, Message string }
	}
	if err := json.Unmarshal([]byte(got.body), &report); err != nil {
		t.Fatal(err)
	}
	if report.Status != "NOT_READY" || len(report.Services) != 3 {
		t.Errorf("readyz: %+v", report)
	}
	for _, service := range report.Services {
		if service.Status != "UNREACHABLE" || !strings.Contains(service.Message, "refused") {
			t.Errorf("readyz: %+v for a closed port", service)
		}
	}
}

func TestHTTP_RequestIDAndSecurityHeaders(t *testing.T) {
	t.Parallel()
	a := newTestApp(t)
	for _, path := range []string{"/", "/docs", "/v1/accounts", "/nothing"} {
		header := call(t, a, http.MethodGet, path, "").header
		policy := header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("X-Request-Id") == "" {
			t.Errorf("%s: headers %v", path, header)
		}
	}
	if got := call(t, a, http.MethodGet, "/healthz", "", "X-Request-Id", "mine-1").header.Get("X-Request-Id"); got != "mine-1" {
		t.Errorf("the request id of the caller became %q", got)
	}
	if got := call(t, a, http.MethodGet, "/healthz", "", "X-Request-Id", "a b\tc").header.Get("X-Request-Id"); got == "a b\tc" || got == "" {
		t.Errorf("an invalid request id became %q", got)
	}
}

func TestHTTP_RefusesCrossSiteWrites(t *testing.T) {
	t.Parallel()
	a := newTestApp(t)
	got := call(t, a, http.MethodPost, "/v1/accounts", "{}", "Sec-Fetch-Site", "cross-site")
	if p := got.problem(t); got.status != http.StatusForbidden || p.Code != codes.PermissionDenied {
		t.Errorf("HTTP %d, %v", got.status, p)
	}
	if got := call(t, a, http.MethodPost, "/v1/accounts", "{}", "Sec-Fetch-Site", "same-origin"); got.status == http.StatusForbidden {
		t.Error("a request from the same origin is refused")
	}
}

func TestMetrics_CountRequestsAndCalls(t *testing.T) {
	t.Parallel()
	a := newTestApp(t)
	call(t, a, http.MethodGet, "/v1/accounts", "")
	got := call(t, a, http.MethodGet, "/metrics", "").body
	for _, want := range []string{
		`rollcall_gateway_http_requests_total{code="503",method="get",part="rest"} 1`,
		`grpc_client_handled_total{grpc_code="Unavailable",grpc_method="ListAccounts",grpc_service="rollcall.accounts.v1.AccountService",grpc_type="unary"} 1`,
		"go_goroutines", "process_open_fds",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}

func TestGRPC_HasOnlyPublicServices(t *testing.T) {
	t.Parallel()
	a := newTestApp(t)
	conn, err := serve.Address(a.GRPCAddr().String()).Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	stream, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&reflectionpb.ServerReflectionRequest{
		MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{},
	}); err != nil {
		t.Fatal(err)
	}
	reply, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, service := range reply.GetListServicesResponse().GetService() {
		if !strings.HasPrefix(service.GetName(), "grpc.") { // health and reflection
			names = append(names, service.GetName())
		}
	}
	want := []string{
		"google.longrunning.Operations",
		"rollcall.accounts.v1.AccountService", "rollcall.accounts.v1.KeyService",
		"rollcall.discovery.v1.AuditService", "rollcall.discovery.v1.DiscoveryService",
		"rollcall.discovery.v1.LifecycleService", "rollcall.discovery.v1.OperationService",
		"rollcall.inventory.v1.InventoryService",
	}
	if slices.Sort(names); !slices.Equal(names, want) {
		t.Errorf("services %v, want %v", names, want)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("the stream ended with %v", err)
	}
	if answer, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{}); err != nil ||
		answer.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Errorf("health: %v, %v", answer, err)
	}
	_, err = inventoryv1.NewIngestServiceClient(conn).UpsertInstance(t.Context(), &inventoryv1.UpsertInstanceRequest{})
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("a call of an internal service returned %v", err)
	}
	_, err = inventoryv1.NewInventoryServiceClient(conn).ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{})
	if st := status.Convert(err); st.Code() != codes.Unavailable || len(st.Details()) == 0 {
		t.Errorf("a call of an unreachable service returned %v with details %v", st, st.Details())
	}
}

func TestNew_PortInUse(t *testing.T) {
	t.Parallel()
	a := newTestApp(t)
	var log bytes.Buffer
	_, err := app.New(t.Context(), app.Config{
		Logging: serve.Logging{Out: &log},
		HTTP:    serve.Address(a.HTTPAddr().String()), GRPC: serve.Address("localhost:0"),
		Accounts: serve.Pipe(), Inventory: serve.Pipe(), Discovery: serve.Pipe(),
	})
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("got %v", err)
	}
}
