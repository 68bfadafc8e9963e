package app

import (
	"net/http"

	grpcprom "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are the metrics of one gateway and the registry that /metrics shows, which may contain
// those of other services. Each App has its own, so that one process can run several.
type metrics struct {
	registry *prometheus.Registry
	client   *grpcprom.ClientMetrics
	server   *grpcprom.ServerMetrics
	inFlight prometheus.Gauge
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newMetrics(registry *prometheus.Registry) *metrics {
	if registry == nil {
		registry = prometheus.NewRegistry()
	}
	m := &metrics{
		registry: registry,
		client:   grpcprom.NewClientMetrics(grpcprom.WithClientHandlingTimeHistogram()),
		server:   grpcprom.NewServerMetrics(grpcprom.WithServerHandlingTimeHistogram()),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "rollcall_gateway_http_requests_in_flight", Help: "HTTP requests in progress.",
		}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rollcall_gateway_http_requests_total", Help: "HTTP requests handled, by part of the gateway, method and status code.",
		}, []string{"part", "method", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rollcall_gateway_http_request_duration_seconds", Help: "Duration of HTTP requests, including streams, by part of the gateway.",
			Buckets: prometheus.DefBuckets,
		}, []string{"part"}),
	}
	m.registry.MustRegister(m.client, m.server, m.inFlight, m.requests, m.duration,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// observe returns next with its requests counted and timed under the name of a part.
func (m *metrics) observe(part string, next http.Handler) http.Handler {
	labels := prometheus.Labels{"part": part}
	return promhttp.InstrumentHandlerInFlight(m.inFlight,
		promhttp.InstrumentHandlerCounter(m.requests.MustCurryWith(labels),
			promhttp.InstrumentHandlerDuration(m.duration.MustCurryWith(labels), next)))
}

// handler returns the handler of /metrics.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}
