// Package gateway is the public entry point of Rollcall: REST with its OpenAPI document, the API
// page, the web console, health checks and public gRPC. It keeps no data: every response comes
// from the three services behind it.
//
//	          ┌ /v1/…               rest      ┐
//	HTTP ────▶│ /openapi.json /docs docs      │
//	          │ /healthz /readyz    health    │──▶ accounts, inventory, discovery
//	          │ /                   console   │    (gRPC)
//	          └ /metrics                      ┘
//	gRPC ────▶  every public RPC    grpcproxy ──▶
//
// This package lists the public services; package app connects the parts.
package gateway
