// Package health serves the liveness (/healthz) and readiness (/readyz) checks of the gateway.
package health

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/rollcall-dev/rollcall/services/gateway"
)

// checkLimit is how long a service may take to respond before it counts as unreachable.
const checkLimit = 2 * time.Second

// The states of a service.
const (
	serving     = "SERVING"
	notServing  = "NOT_SERVING"
	unreachable = "UNREACHABLE"
)

// Report is the body of /readyz.
type Report struct {
	// Status is READY if every service is SERVING, and NOT_READY otherwise.
	Status   string          `json:"status"`
	Services []ServiceReport `json:"services"`
}

// ServiceReport is the health of one service behind the gateway.
type ServiceReport struct {
	Name string `json:"name"`
	// Status is SERVING, NOT_SERVING (the service responds, but something that it depends on is
	// unavailable) or UNREACHABLE.
	Status string `json:"status"`
	// Message explains for people why the service is not SERVING.
	Message string `json:"message,omitempty"`
}

// Alive returns the handler of /healthz, which succeeds while the process serves HTTP.
func Alive() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, map[string]string{"status": "ALIVE"})
	})
}

// Ready returns the handler of /readyz, which responds with a Report and 200 if all services are
// serving, or 503 otherwise.
func Ready(upstreams []gateway.Upstream) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		report := Check(r.Context(), upstreams)
		httpStatus := http.StatusOK
		if report.Status != "READY" {
			httpStatus = http.StatusServiceUnavailable
		}
		write(w, httpStatus, report)
	})
}

// Check checks the health of all services concurrently.
func Check(ctx context.Context, upstreams []gateway.Upstream) Report {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	report := Report{Status: "READY", Services: make([]ServiceReport, len(upstreams))}
	var group sync.WaitGroup
	for i, up := range upstreams {
		group.Go(func() { report.Services[i] = check(ctx, up) })
	}
	group.Wait()
	for _, service := range report.Services {
		if service.Status != serving {
			report.Status = "NOT_READY"
		}
	}
	return report
}

func check(ctx context.Context, up gateway.Upstream) ServiceReport {
	report := ServiceReport{Name: up.Name}
	answer, err := healthpb.NewHealthClient(up.Conn).Check(ctx, &healthpb.HealthCheckRequest{})
	switch {
	case err != nil:
		report.Status = unreachable
		report.Message = status.Convert(err).Message()
	case answer.GetStatus() != healthpb.HealthCheckResponse_SERVING:
		report.Status = notServing
		report.Message = "the service is running but can't serve requests: something it depends on, such as its database, is unavailable; see its log for the cause"
	default:
		report.Status = serving
	}
	return report
}

func write(w http.ResponseWriter, httpStatus int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(httpStatus)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(body) // Fails only if the client has disconnected.
}
