package grpc

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/rollcall-dev/rollcall/services/accounts"
)

// Fetches counts the secrets that discovery asked for.
type Fetches struct{ total *prometheus.CounterVec }

// NewFetches puts the count on a registry.
func NewFetches(registry prometheus.Registerer) *Fetches {
	return &Fetches{total: promauto.With(registry).NewCounterVec(prometheus.CounterOpts{
		Name: "rollcall_accounts_secret_fetches_total",
		Help: "Secrets of accounts that discovery fetched, by the account's provider, and whether they could be decrypted: OPENED or FAILED.",
	}, []string{"provider", "outcome"})}
}

// count counts a secret that was decrypted, or could not be.
func (f *Fetches) count(provider accounts.Provider, err error) {
	outcome := "OPENED"
	if err != nil {
		outcome = "FAILED"
	}
	f.total.WithLabelValues(string(provider), outcome).Inc()
}
