package ratelimit

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics are labelled by API only, because accounts and locations would make too many series.
type metrics struct {
	calls   *prometheus.CounterVec
	waiting *prometheus.HistogramVec
}

func newMetrics(registry prometheus.Registerer, of *Shared) *metrics {
	with := promauto.With(registry)
	registry.MustRegister(rates{of})
	return &metrics{
		calls: with.NewCounterVec(prometheus.CounterOpts{
			Name: "rollcall_discovery_cloud_calls_total",
			Help: "Calls to providers, including repeated ones, by API and by whether the provider throttled them.",
		}, []string{"api", "throttled"}),
		waiting: with.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "rollcall_discovery_cloud_call_wait_seconds",
			Help:    "How long calls to providers waited for the rate limit.",
			Buckets: []float64{.001, .01, .1, .5, 1, 5, 10, 30, 60},
		}, []string{"api"}),
	}
}

func (m *metrics) called(api string, throttled bool) {
	value := "false"
	if throttled {
		value = "true"
	}
	m.calls.WithLabelValues(api, value).Inc()
}

func (m *metrics) took(api string, wait time.Duration) {
	m.waiting.WithLabelValues(api).Observe(wait.Seconds())
}

// rates exports: each API has the lowest rate of all accounts and locations.
type rates struct{ of *Shared }

var rateDesc = prometheus.NewDesc("rollcall_discovery_api_budget_rate_ratio_min",
	"The lowest rate limit of an API that this process uses, as a share of its upper limit; below 1 after throttling.",
	[]string{"api"}, nil)

// Describe sends the description of the metric.
func (r rates) Describe(out chan<- *prometheus.Desc) { out <- rateDesc }

// Collect sends the metric of each API.
func (r rates) Collect(out chan<- prometheus.Metric) {
	slowest := map[string]float64{}
	for api, p := range r.of.all() {
		p.mu.Lock()
		ratio := p.bucket.Rate / p.limit.Rate
		p.mu.Unlock()
		if least, known := slowest[api.Name]; !known || ratio < least {
			slowest[api.Name] = ratio
		}
	}
	for name, ratio := range slowest {
		out <- prometheus.MustNewConstMetric(rateDesc, prometheus.GaugeValue, ratio, name)
	}
}
