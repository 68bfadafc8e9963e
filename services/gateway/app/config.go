package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// Config is how the gateway is set up, by flags or environment.
type Config struct {
	serve.Logging `embed:""`

	// Registry takes the gateway's metrics, and /metrics shows all that is on it;
	// nil: one of its own.
	Registry *prometheus.Registry `kong:"-"`

	HTTP serve.Endpoint `name:"http-addr" env:"ROLLCALL_HTTP_ADDR" default:"localhost:8080" help:"Where to serve the console and REST."`
	GRPC serve.Endpoint `name:"grpc-addr" env:"ROLLCALL_GRPC_ADDR" default:"localhost:9090" help:"Where to serve gRPC."`

	Accounts  serve.Endpoint `name:"accounts-addr" env:"ROLLCALL_ACCOUNTS_ADDR" default:"localhost:9091" help:"Where the accounts service is."`
	Inventory serve.Endpoint `name:"inventory-addr" env:"ROLLCALL_INVENTORY_ADDR" default:"localhost:9092" help:"Where the inventory service is."`
	Discovery serve.Endpoint `name:"discovery-addr" env:"ROLLCALL_DISCOVERY_ADDR" default:"localhost:9093" help:"Where the discovery service is."`
}
