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

// lonely runs a gateway with no service behind it until the test ends: what
// works with all of them is tested where they all are, in services/rollcall.
func lonely(t *testing.T) *app.App {
	t.Helper()
	nowhere := serve.Address("localhost:1")
	a, err := app.New(t.Context(), app.Config{
		Logging: serve.Logging{Out: io.Discard},
		HTTP:    serve.Address("localhost:0"), GRPC: serve.Address("localhost:0"),
		Accounts: nowhere, Inventory: nowhere, Discovery: nowhere,
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
			t.Errorf("the gateway ended with %v", err)
		}
	})
	return a
}

// answer is an HTTP answer with its body.
type answer struct {
	status int
	header http.Header
	body   string
}

func call(t *testing.T, a *app.App, method, path, body string, headers ...string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+a.HTTPAddr().String()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(content)}
}

// problem is a google.rpc.Status as it comes over REST.
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

func (a answer) problem(t *testing.T) problem {
	t.Helper()
	if got := a.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("an error of type %s", got)
	}
	var p problem
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return p
}

func TestARequestThatIsWrongIsToldWhereAndWhy(t *testing.T) {
	t.Parallel()
	a := lonely(t)
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		code                     codes.Code
		reason, field, says      string
	}{
		{"unknown path", "GET", "/v1/nothing", "", 404, codes.NotFound, "NO_SUCH_PATH", "", "/v1/nothing"},
		{"unknown path elsewhere", "GET", "/nothing", "", 404, codes.NotFound, "NO_SUCH_PATH", "", "/docs"},
		{"wrong method", "PUT", "/v1/accounts", "", 405, codes.Unimplemented, "METHOD_NOT_ALLOWED", "", "GET or POST"},
		{"a POST is no GET", "POST", "/v1/instances", "filter=x", 405, codes.Unimplemented, "METHOD_NOT_ALLOWED", "", "GET"},
		{"unknown parameter", "GET", "/v1/accounts?pagesize=1", "", 400, codes.InvalidArgument, "INVALID_FIELD", "pagesize", "pageSize"},
		{"unknown parameter of a method with none", "GET", "/v1/accounts/x?view=full", "", 400, codes.InvalidArgument, "INVALID_FIELD", "view", "takes none"},
		{"unknown parameter of a verb", "POST", "/v1/accounts/x:sync?now=1", "", 400, codes.InvalidArgument, "INVALID_FIELD", "now", "takes none"},
		{"the path's field again", "GET", "/v1/accounts/x?name=y", "", 400, codes.InvalidArgument, "INVALID_FIELD", "name", "takes none"},
		{"the body's field in the query", "POST", "/v1/accounts?account.paused=true", "{}", 400, codes.InvalidArgument, "INVALID_FIELD", "account.paused", "accountId"},
		{"not a number", "GET", "/v1/accounts?pageSize=many", "", 400, codes.InvalidArgument, "INVALID_FIELD", "pageSize", `"many"`},
		{"not a duration", "GET", "/v1/instances?maxStaleness=soon", "", 400, codes.InvalidArgument, "INVALID_FIELD", "maxStaleness", ""},
		{"two of a oneof", "GET", "/v1/instances:lookup?displayName=a&providerId=b", "", 400, codes.InvalidArgument, "INVALID_FIELD", "providerId", "oneof"},
		{"one by both of its names", "GET", "/v1/instances?page_size=1&pageSize=2", "", 400, codes.InvalidArgument, "INVALID_FIELD", "page_size", "twice"},
		{"a single one many times", "GET", "/v1/instances?pageSize=1&pageSize=2", "", 400, codes.InvalidArgument, "INVALID_FIELD", "pageSize", ""},
		{"broken query", "GET", "/v1/instances?filter=%zz", "", 400, codes.InvalidArgument, "INVALID_QUERY", "", "%zz"},
		{"unknown field", "POST", "/v1/accounts", `{"displayname": "x"}`, 400, codes.InvalidArgument, "INVALID_BODY", "displayname", "line 1"},
		{"unknown field within", "PATCH", "/v1/accounts/x", "{\n \"aws\": {\"id\": \"1\"}}", 400, codes.InvalidArgument, "INVALID_BODY", "id", "line 2"},
		{"wrong type", "POST", "/v1/accounts", `{"paused": "very"}`, 400, codes.InvalidArgument, "INVALID_BODY", "paused", ""},
		{"not JSON", "POST", "/v1/accounts", "{\"a\":\n  nope}", 400, codes.InvalidArgument, "INVALID_BODY", "", "line 2, column"},
		{"more than JSON", "POST", "/v1/accounts", `{} {}`, 400, codes.InvalidArgument, "INVALID_BODY", "", "not JSON"},
		{"body where none is taken", "GET", "/v1/accounts", `{}`, 400, codes.InvalidArgument, "INVALID_BODY", "", "no body"},
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
			if !strings.Contains(p.Message, c.says) {
				t.Errorf("%q does not say %q", p.Message, c.says)
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

func TestAllowNamesTheMethodsOfAPath(t *testing.T) {
	t.Parallel()
	a := lonely(t)
	for path, want := range map[string]string{
		"/v1/accounts":        "GET, POST, HEAD",
		"/v1/accounts/x":      "GET, PATCH, DELETE, HEAD",
		"/v1/instances:count": "",
	} {
		if got := call(t, a, http.MethodPut, path, "").header.Get("Allow"); got != want {
			t.Errorf("%s allows %q, want %q", path, got, want)
		}
	}
}

func TestAServiceThatIsAwayIsNamed(t *testing.T) {
	t.Parallel()
	a := lonely(t)
	for path, service := range map[string]string{
		"/v1/accounts": "accounts", "/v1/instances": "inventory", "/v1/syncRuns": "discovery", "/v1/syncRuns/x:watch": "discovery",
	} {
		got := call(t, a, http.MethodGet, path, "")
		p := got.problem(t)
		if got.status != http.StatusServiceUnavailable || p.Code != codes.Unavailable || !strings.Contains(p.Message, service) {
			t.Errorf("%s: HTTP %d, %v %q", path, got.status, p.Code, p.Message)
		}
		if strings.Contains(p.Message, "localhost:1") {
			t.Errorf("%s: %q speaks of sockets", path, p.Message)
		}
	}
}

func TestHealthTellsTheProcessFromWhatIsBehind(t *testing.T) {
	t.Parallel()
	a := lonely(t)
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
		t.Errorf("readyz says %+v", report)
	}
	for _, service := range report.Services {
		if service.Status != "UNREACHABLE" || !strings.Contains(service.Message, "refused") {
			t.Errorf("readyz says %+v of a port where nobody listens", service)
		}
	}
}

func TestEveryAnswerHasItsIDAndSecurityHeaders(t *testing.T) {
	t.Parallel()
	a := lonely(t)
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
		t.Errorf("the caller's own id became %q", got)
	}
	if got := call(t, a, http.MethodGet, "/healthz", "", "X-Request-Id", "a b\tc").header.Get("X-Request-Id"); got == "a b\tc" || got == "" {
		t.Errorf("a bad id became %q", got)
	}
}

func TestAnotherSiteCantMakeABrowserWrite(t *testing.T) {
	t.Parallel()
	a := lonely(t)
	got := call(t, a, http.MethodPost, "/v1/accounts", "{}", "Sec-Fetch-Site", "cross-site")
	if p := got.problem(t); got.status != http.StatusForbidden || p.Code != codes.PermissionDenied {
		t.Errorf("HTTP %d, %v", got.status, p)
	}
	if got := call(t, a, http.MethodPost, "/v1/accounts", "{}", "Sec-Fetch-Site", "same-origin"); got.status == http.StatusForbidden {
		t.Error("the page's own requests are refused")
	}
}

func TestMetricsCountRequestsAndCalls(t *testing.T) {
	t.Parallel()
	a := lonely(t)
	call(t, a, http.MethodGet, "/v1/accounts", "")
	got := call(t, a, http.MethodGet, "/metrics", "").body
	for _, want := range []string{
		`rollcall_gateway_http_requests_total{code="503",method="get",part="rest"} 1`,
		`grpc_client_handled_total{grpc_code="Unavailable",grpc_method="ListAccounts",grpc_service="rollcall.accounts.v1.AccountService",grpc_type="unary"} 1`,
		"go_goroutines", "process_open_fds",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestTheFrontDoorHasThePublicServicesAndNoOther(t *testing.T) {
	t.Parallel()
	a := lonely(t)
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
		t.Errorf("an internal service answers %v", err)
	}
	_, err = inventoryv1.NewInventoryServiceClient(conn).ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{})
	if st := status.Convert(err); st.Code() != codes.Unavailable || len(st.Details()) == 0 {
		t.Errorf("a service that is away answers %v with details %v", st, st.Details())
	}
}

func TestAPortInUseIsNewsError(t *testing.T) {
	t.Parallel()
	a := lonely(t)
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
