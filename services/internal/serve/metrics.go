package serve

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/rollcall-dev/rollcall/services/internal/lifecycle"
)

// Metrics configures where a service serves its metrics.
type Metrics struct {
	Addr Endpoint `name:"metrics-addr" env:"ROLLCALL_METRICS_ADDR" help:"Where to serve metrics for Prometheus, at /metrics over HTTP; nowhere when empty." placeholder:"ADDR"`

	// Registry replaces the service's own registry if it is set. Its owner serves it and
	// registers the metrics of the process.
	Registry *prometheus.Registry `kong:"-"`
}

// Meter is the prometheus.Registerer of one service. The name of each metric starts
// with its service, rollcall_SERVICE_…, because services may share a registry.
type Meter struct {
	prometheus.Registerer
	registry *prometheus.Registry
	listener net.Listener
	logger   *slog.Logger
}

// Open returns the meter of a service, which listens if an address is configured.
func (m Metrics) Open(ctx context.Context, logger *slog.Logger) (*Meter, error) {
	meter := &Meter{registry: m.Registry, logger: logger}
	if meter.registry == nil {
		meter.registry = prometheus.NewRegistry()
		meter.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	meter.Registerer = meter.registry
	if m.Addr.IsZero() {
		return meter, nil
	}
	var err error
	meter.listener, err = m.Addr.Listen(ctx)
	return meter, err
}

// Handler returns a handler that serves the metrics in the formats of Prometheus.
func (m *Meter) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Serve serves the metrics until ctx ends. If no address is configured, it returns at
// once. It closes the listener.
func (m *Meter) Serve(ctx context.Context) error {
	if m.listener == nil {
		return nil
	}
	m.logger.InfoContext(ctx, "serving metrics", "address", m.listener.Addr().String())
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.Handler())
	server := &http.Server{
		Handler: mux,
		// A slow client must not keep its connection.
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute,
		ErrorLog:          slog.NewLogLogger(m.logger.Handler(), slog.LevelDebug),
	}
	// A scrape that is cut off loses nothing.
	return lifecycle.ServeHTTP(ctx, server, m.listener, 0)
}

// Close closes the listener of a meter that was not served. It may be called more than
// once.
func (m *Meter) Close() {
	if m.listener != nil {
		_ = m.listener.Close()
	}
}
