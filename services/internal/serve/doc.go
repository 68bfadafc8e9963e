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
package serve
