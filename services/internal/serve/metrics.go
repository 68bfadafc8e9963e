package serve

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is where a service shows its metrics.
type Metrics struct {
	Addr Endpoint `name:"metrics-addr" env:"ROLLCALL_METRICS_ADDR" help:"Where to serve metrics for Prometheus, at /metrics over HTTP; nowhere when empty." placeholder:"ADDR"`

	// Registry takes the metrics in place of one of the service's own, when set:
	// who gives it shows it, and has the metrics of the process on it.
	Registry *prometheus.Registry `kong:"-"`
}

// Meter takes the metrics of one service: it is their prometheus.Registerer.
// Each metric is named for its service, rollcall_SERVICE_…, for services may
// share a registry.
type Meter struct {
	prometheus.Registerer
	registry *prometheus.Registry
	listener net.Listener
	logger   *slog.Logger
}

// Open makes the meter of a service, and listens when an address is configured.
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

// Handler serves the metrics in Prometheus' formats.
func (m *Meter) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Serve shows the metrics until ctx ends; at once when there is no address to
// show them at. It closes the listener.
func (m *Meter) Serve(ctx context.Context) error {
	if m.listener == nil {
		return nil
	}
	m.logger.InfoContext(ctx, "metrics", "address", m.listener.Addr().String())
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.Handler())
	server := &http.Server{
		Handler: mux,
		// A client that is slow must not hold a connection.
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute,
		ErrorLog:          slog.NewLogLogger(m.logger.Handler(), slog.LevelDebug),
	}
	// Nothing is lost with a scrape that is cut off.
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		_ = server.Close()
	})
	err := server.Serve(m.listener)
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Close closes the listener of a meter that was not served. It may be called
// again.
func (m *Meter) Close() {
	if m.listener != nil {
		_ = m.listener.Close()
	}
}
