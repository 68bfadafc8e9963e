// Package metrics shows Prometheus what the roll knows of its scopes: how old each
// is, and which an answer can't vouch for. All replicas show the same.
package metrics

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

const (
	// maxScopes bounds the series of a scrape. Those that can't be vouched for, and
	// then the oldest, come first.
	maxScopes = 20_000
	// keep is how long what was read is shown again: who scrapes often, or from
	// many places, costs the database no more.
	keep = 5 * time.Second
	// timeout bounds a read: a scrape that can't be answered must end.
	timeout = 5 * time.Second
)

// Store reads scopes.
type Store interface {
	// ScopeHealth is how the scopes are, at most so many, and how many there are.
	ScopeHealth(ctx context.Context, most int) (scopes []inventory.ScopeHealth, total int64, err error)
}

// Scopes is a prometheus.Collector that reads the scopes when it is scraped.
type Scopes struct {
	store  Store
	logger *slog.Logger

	mu     sync.Mutex
	read   time.Time // zero: never
	scopes []inventory.ScopeHealth
	total  int64
	ok     bool
}

// NewScopes shows the scopes of store.
func NewScopes(store Store, logger *slog.Logger) *Scopes {
	return &Scopes{store: store, logger: logger}
}

var labels = []string{"account", "kind", "location"}

var (
	readDesc = prometheus.NewDesc("rollcall_scopes_read",
		"Whether the scopes could be read for this scrape: 0 or 1.", nil, nil)
	totalDesc = prometheus.NewDesc("rollcall_scopes",
		"Scopes on the roll.", nil, nil)
	leftOutDesc = prometheus.NewDesc("rollcall_scopes_left_out",
		"Scopes that are not shown, as there are too many.", nil, nil)
	ageDesc = prometheus.NewDesc("rollcall_scope_age_seconds",
		"How long ago the scope was last observed to the end. Not there: never.", labels, nil)
	intervalDesc = prometheus.NewDesc("rollcall_scope_sync_interval_seconds",
		"How long after one observation of the scope the next is due.", labels, nil)
	instancesDesc = prometheus.NewDesc("rollcall_scope_instances",
		"Instances in the scope, gone ones left out.", labels, nil)
	heldDesc = prometheus.NewDesc("rollcall_scope_held",
		"1 while most of the scope has vanished and nobody has confirmed that.", labels, nil)
	unreachableDesc = prometheus.NewDesc("rollcall_scope_unreachable",
		"1 while answers can't vouch for the scope: never observed, failed, held or overdue.", labels, nil)
	errorDesc = prometheus.NewDesc("rollcall_scope_last_error_info",
		"1 for a scope of which the last try failed, with the reason.", append(labels[:len(labels):len(labels)], "reason"), nil)
)

// Describe sends what there may be.
func (s *Scopes) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{readDesc, totalDesc, leftOutDesc, ageDesc, intervalDesc, instancesDesc, heldDesc, unreachableDesc, errorDesc} {
		descs <- desc
	}
}

// Collect sends what was read now, or a moment ago.
func (s *Scopes) Collect(metrics chan<- prometheus.Metric) {
	scopes, total, ok := s.current()
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	gauge(readDesc, number(ok))
	if !ok {
		return // what is not known is not shown as it was
	}
	gauge(totalDesc, float64(total))
	gauge(leftOutDesc, float64(total-int64(len(scopes))))
	for n := range scopes {
		scope := &scopes[n]
		of := []string{scope.Account, string(scope.Kind), scope.Location}
		if !scope.LastCompleteTime.IsZero() {
			gauge(ageDesc, scope.Age.Seconds(), of...)
		}
		if scope.SyncInterval > 0 {
			gauge(intervalDesc, scope.SyncInterval.Seconds(), of...)
		}
		gauge(instancesDesc, float64(scope.InstanceCount), of...)
		gauge(heldDesc, number(scope.Hold != nil), of...)
		gauge(unreachableDesc, number(scope.Unreachable), of...)
		if scope.LastErrorReason != "" {
			gauge(errorDesc, 1, append(of, scope.LastErrorReason)...)
		}
	}
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// current is what there is; ok tells whether it could be read. Scrapes at the same
// time wait for one read.
func (s *Scopes) current() (scopes []inventory.ScopeHealth, total int64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.read.IsZero() && time.Since(s.read) < keep {
		return s.scopes, s.total, s.ok
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var err error
	s.scopes, s.total, err = s.store.ScopeHealth(ctx, maxScopes)
	if s.ok = err == nil; !s.ok {
		s.logger.Warn("could not read the scopes for their metrics", "error", err)
	}
	s.read = time.Now()
	return s.scopes, s.total, s.ok
}
