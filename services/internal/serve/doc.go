// Package serve has what every service needs to be called: endpoints, gRPC servers with
// their interceptors, metrics, and the main function of a program.
//
//	         ┌ logging ┬ recovery ┬ faults → status ┬ authorize ┬ validate ┐
//	caller ─▶│         │          │                 │           │          │─▶ handler
//	         └─────────┴──────────┴─────────────────┴───────────┴──────────┘
//
// Handlers return faults (package fault); this package turns them into
// google.rpc.Status with details (AIP-193). Requests are validated by the protovalidate
// rules of the API before a handler sees them. Every server has health
// (grpc.health.v1) and reflection.
//
// # Metrics
//
// A service embeds Metrics in its Config beside Logging, opens a Meter when it is built
// and serves it while it runs:
//
//	meter, err := config.Metrics.Open(ctx, logger) // listens at ROLLCALL_METRICS_ADDR if it is set
//	fetches := promauto.With(meter).NewCounterVec(prometheus.CounterOpts{
//		Name: "rollcall_accounts_secret_fetches_total", Help: "…"}, []string{"provider", "outcome"})
//	…
//	life.Go("metrics", meter.Serve)
//
// In `rollcall up` all services share the registry of the gateway, whose /metrics shows
// them together. Therefore every metric is named rollcall_SERVICE_…. Labels have few
// values, and never an instance, a user or a secret.
package serve
