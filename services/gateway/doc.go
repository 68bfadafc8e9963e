// Package gateway is the door to Rollcall for people and programs: REST with
// its OpenAPI document, the API page, the console, health, and a gRPC front
// door. It holds nothing: every answer comes from the three services behind it.
//
//	          ┌ /v1/…               rest     ┐
//	HTTP ────▶│ /openapi.json /docs docs     │
//	          │ /healthz /readyz    health   │──▶ accounts, inventory, discovery
//	          │ /                   console  │    (gRPC)
//	          └ /metrics                     ┘
//	gRPC ────▶  every public RPC    front    ──▶
//
// This package knows which services and which of their RPCs are public; app
// puts the parts together.
package gateway
