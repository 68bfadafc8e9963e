// Package serve is the door of every service: listening, gRPC servers with
// what all of them need, and the program's main.
//
//	         ┌ logging ┬ recovery ┬ faults → status ┬ authorise ┬ validate ┐
//	caller ─▶│         │          │                 │           │          │─▶ handler
//	         └─────────┴──────────┴─────────────────┴───────────┴──────────┘
//
// Handlers return faults (package fault); this package alone turns them into
// google.rpc.Status with ErrorInfo and BadRequest details (AIP-193). Requests
// are held to the protovalidate rules of the contract before a handler sees
// them. Health (grpc.health.v1) and reflection are on every server.
//
// # Metrics
//
// A service embeds Metrics in its Config beside Logging, opens a Meter in New
// and serves it in Run:
//
//	meter, err := config.Metrics.Open(ctx, logger)   // listens at ROLLCALL_METRICS_ADDR, when that is set
//	fetches := promauto.With(meter).NewCounterVec(prometheus.CounterOpts{
//		Name: "rollcall_accounts_secret_fetches_total", Help: "…"}, []string{"provider", "outcome"})
//	…
//	group.Go(func() error { return meter.Serve(ctx) })
//
// In `rollcall up` all services share the gateway's registry, and its /metrics
// shows them together: so every metric is named rollcall_SERVICE_…. Labels have
// few values; never an instance, a user or anything secret.
package serve
