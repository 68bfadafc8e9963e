package health_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/rollcall-dev/rollcall/services/gateway"
	"github.com/rollcall-dev/rollcall/services/gateway/health"
)

// conn responds to health checks with a status or an error.
type conn struct {
	grpc.ClientConnInterface

	status healthpb.HealthCheckResponse_ServingStatus
	err    error
}

func (c conn) Invoke(ctx context.Context, _ string, _, reply any, _ ...grpc.CallOption) error {
	if _, ok := ctx.Deadline(); !ok {
		return errors.New("the check has no deadline")
	}
	if c.err != nil {
		return c.err
	}
	reply.(*healthpb.HealthCheckResponse).Status = c.status
	return nil
}

func TestReady(t *testing.T) {
	t.Parallel()
	serving := conn{status: healthpb.HealthCheckResponse_SERVING}
	for _, c := range []struct {
		name, status string
		conn         conn
		code         int
	}{
		{"serving", "SERVING", serving, http.StatusOK},
		{"not serving", "NOT_SERVING", conn{status: healthpb.HealthCheckResponse_NOT_SERVING}, http.StatusServiceUnavailable},
		{"unknown", "NOT_SERVING", conn{status: healthpb.HealthCheckResponse_UNKNOWN}, http.StatusServiceUnavailable},
		{"unreachable", "UNREACHABLE", conn{err: errors.New("refused")}, http.StatusServiceUnavailable},
	} {
		response := httptest.NewRecorder()
		upstreams := []gateway.Upstream{{Name: "accounts", Conn: serving}, {Name: "inventory", Conn: c.conn}}
		health.Ready(upstreams).ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		var report health.Report
		if err := json.Unmarshal(response.Body.Bytes(), &report); err != nil {
			t.Fatal(err)
		}
		want := map[int]string{http.StatusOK: "READY", http.StatusServiceUnavailable: "NOT_READY"}[c.code]
		if response.Code != c.code || report.Status != want || len(report.Services) != 2 ||
			report.Services[0].Name != "accounts" || report.Services[0].Status != "SERVING" || report.Services[1].Status != c.status {
			t.Errorf("%s: HTTP %d %+v", c.name, response.Code, report)
		}
		if explained := report.Services[1].Message != ""; explained != (c.status != "SERVING") {
			t.Errorf("%s: message %q", c.name, report.Services[1].Message)
		}
	}
}

func TestAlive(t *testing.T) {
	t.Parallel()
	response := httptest.NewRecorder()
	health.Alive().ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	if response.Code != http.StatusOK || response.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("HTTP %d %v", response.Code, response.Header())
	}
}
