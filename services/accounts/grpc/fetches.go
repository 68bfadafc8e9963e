package grpc

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/rollcall-dev/rollcall/services/accounts"
)

// Fetches counts the secrets that discovery fetches.
type Fetches struct{ total *prometheus.CounterVec }

// NewFetches registers the count.
func NewFetches(registry prometheus.Registerer) *Fetches {
	return &Fetches{total: promauto.With(registry).NewCounterVec(prometheus.CounterOpts{
		Name: "rollcall_accounts_secret_fetches_total",
		Help: "Secrets of accounts that discovery fetched, by the provider of the account and by the outcome of the decryption: OPENED or FAILED.",
	}, []string{"provider", "outcome"})}
}

// count counts one decryption, failed if err is not nil.
func (f *Fetches) count(provider accounts.Provider, err error) {
	outcome := "OPENED"
	if err != nil {
		outcome = "FAILED"
	}
	f.total.WithLabelValues(string(provider), outcome).Inc()
}
