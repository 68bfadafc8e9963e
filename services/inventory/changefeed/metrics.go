package changefeed

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	watchers prometheus.Gauge
	messages prometheus.Counter
	pages    prometheus.Counter
	dropped  prometheus.Counter
}

// newMetrics registers the metrics, unless the registerer is nil.
func newMetrics(registerer prometheus.Registerer) metrics {
	with := promauto.With(registerer)
	return metrics{
		watchers: with.NewGauge(prometheus.GaugeOpts{
			Name: "rollcall_inventory_watchers", Help: "Watchers of instances at this replica."}),
		messages: with.NewCounter(prometheus.CounterOpts{
			Name: "rollcall_inventory_watch_messages_total", Help: "Messages sent to watchers, heartbeats included."}),
		pages: with.NewCounter(prometheus.CounterOpts{
			Name: "rollcall_inventory_watch_pages_total", Help: "Pages read from the database for watchers behind the events in memory."}),
		dropped: with.NewCounter(prometheus.CounterOpts{
			Name: "rollcall_inventory_watchers_dropped_total", Help: "Watchers that were dropped because they did not keep up."}),
	}
}
