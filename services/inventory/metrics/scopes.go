// Package metrics exposes the state of the scopes to Prometheus: their age, and which of them answers can't vouch for. All
// replicas expose the same.
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
	// maxScopes limits the series of a scrape. Unreachable scopes come first, and then the oldest.
	maxScopes = 20_000
	// keep is how long scopes are used again after they were read, so that frequent scrapes do not load the
	// database.
	keep = 5 * time.Second
	// timeout limits a read, so that a scrape ends even if the database does not answer.
	timeout = 5 * time.Second
)

// Store reads scopes.
type Store interface {
	// ScopeHealth returns at most limit scopes with their health, and the number of all scopes.
	ScopeHealth(ctx context.Context, limit int) (scopes []inventory.ScopeHealth, total int64, err error)
}

// Scopes is a prometheus.Collector that reads the scopes when it is scraped.
type Scopes struct {
	store  Store
	logger *slog.Logger

	mu     sync.Mutex
	read   time.Time // zero before the first time
	scopes []inventory.ScopeHealth
	total  int64
	ok     bool
}

// NewScopes returns a collector for the scopes of a store.
func NewScopes(store Store, logger *slog.Logger) *Scopes {
	return &Scopes{store: store, logger: logger}
}

var labels = []string{"account", "kind", "location"}

var (
	readDesc = prometheus.NewDesc("rollcall_scopes_read",
		"Whether the scopes could be read for this scrape, 0 or 1.", nil, nil)
	totalDesc = prometheus.NewDesc("rollcall_scopes",
		"Scopes in the inventory.", nil, nil)
	leftOutDesc = prometheus.NewDesc("rollcall_scopes_left_out",
		"Scopes that are not exposed because there are too many.", nil, nil)
	ageDesc = prometheus.NewDesc("rollcall_scope_age_seconds",
		"Time since the last complete observation of the scope. Missing if there was none.", labels, nil)
	intervalDesc = prometheus.NewDesc("rollcall_scope_sync_interval_seconds",
		"Time between two observations of the scope.", labels, nil)
	instancesDesc = prometheus.NewDesc("rollcall_scope_instances",
		"Instances in the scope that are not gone.", labels, nil)
	heldDesc = prometheus.NewDesc("rollcall_scope_held",
		"1 while the scope is held because most of its instances vanished at once.", labels, nil)
	unreachableDesc = prometheus.NewDesc("rollcall_scope_unreachable",
		"1 while answers can't vouch for the scope: never observed, failed, held or overdue.", labels, nil)
	errorDesc = prometheus.NewDesc("rollcall_scope_last_error_info",
		"1 for a scope whose last observation failed, with the reason.", append(labels[:len(labels):len(labels)], "reason"), nil)
)

// Describe sends the descriptions of all metrics.
func (s *Scopes) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{readDesc, totalDesc, leftOutDesc, ageDesc, intervalDesc, instancesDesc, heldDesc, unreachableDesc, errorDesc} {
		descs <- desc
	}
}

// Collect sends the metrics of the scopes.
func (s *Scopes) Collect(metrics chan<- prometheus.Metric) {
	scopes, total, ok := s.current()
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	gauge(readDesc, number(ok))
	if !ok {
		return // without old values
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

// current returns the scopes, and whether they could be read. Scrapes at the same time share one read.
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
		s.logger.Warn("scope metrics failed", "error", err)
	}
	s.read = time.Now()
	return s.scopes, s.total, s.ok
}
