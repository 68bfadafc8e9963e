// Package health answers whether the gateway lives (/healthz) and whether it
// can do its work (/readyz).
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

// checkLimit is how long a service has to answer before it counts as away.
const checkLimit = 2 * time.Second

// The states of a service.
const (
	serving     = "SERVING"
	notServing  = "NOT_SERVING"
	unreachable = "UNREACHABLE"
)

// Report is the body of /readyz.
type Report struct {
	// Status is READY when every service serves, else NOT_READY.
	Status   string          `json:"status"`
	Services []ServiceReport `json:"services"`
}

// ServiceReport is how one service behind the gateway is.
type ServiceReport struct {
	Name string `json:"name"`
	// Status is SERVING, NOT_SERVING (it answers, and says that something it
	// needs is away) or UNREACHABLE.
	Status string `json:"status"`
	// Message says what is wrong, for people.
	Message string `json:"message,omitempty"`
}

// Alive answers /healthz: the process runs and serves HTTP.
func Alive() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, map[string]string{"status": "ALIVE"})
	})
}

// Ready answers /readyz: 200 when all services serve, else 503, naming each.
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

// Check asks all services at once.
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
		report.Message = "it answers, and says that it can't serve: something it needs, such as its database, is away; its log has the cause"
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
	_ = encoder.Encode(body) // Fails only when the caller has gone.
}
