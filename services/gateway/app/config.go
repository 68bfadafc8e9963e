package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// Config is the configuration of the gateway, from flags or environment variables.
type Config struct {
	serve.Logging `embed:""`

	// Registry receives the gateway's metrics, and /metrics shows everything in it. If nil, the
	// gateway makes a registry of its own.
	Registry *prometheus.Registry `kong:"-"`

	HTTP serve.Endpoint `name:"http-addr" env:"ROLLCALL_HTTP_ADDR" default:"localhost:8080" help:"Address on which to serve the console and REST."`
	GRPC serve.Endpoint `name:"grpc-addr" env:"ROLLCALL_GRPC_ADDR" default:"localhost:9090" help:"Address on which to serve gRPC."`

	Accounts  serve.Endpoint `name:"accounts-addr" env:"ROLLCALL_ACCOUNTS_ADDR" default:"localhost:9091" help:"Address of the accounts service."`
	Inventory serve.Endpoint `name:"inventory-addr" env:"ROLLCALL_INVENTORY_ADDR" default:"localhost:9092" help:"Address of the inventory service."`
	Discovery serve.Endpoint `name:"discovery-addr" env:"ROLLCALL_DISCOVERY_ADDR" default:"localhost:9093" help:"Address of the discovery service."`
}
