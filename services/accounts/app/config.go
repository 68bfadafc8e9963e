package app

import (
	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// Config is what the accounts service is told from outside.
type Config struct {
	// DatabaseURL as the service's own role, whose search_path is its schema.
	DatabaseURL string `name:"database-url" env:"ROLLCALL_DATABASE_URL" required:"" help:"Postgres database, as the role of accounts: postgres://…"`
	// GRPC serves everyone who can reach it.
	GRPC serve.Endpoint `name:"grpc-addr" env:"ROLLCALL_GRPC_ADDR" default:"localhost:9091" help:"Where the public gRPC services listen."`
	// Internal serves discovery.
	Internal serve.Endpoint `name:"internal-addr" env:"ROLLCALL_INTERNAL_ADDR" default:"localhost:9191" help:"Where discovery calls. Keep it from the reach of others."`
	// DiscoveryKey is what discovery proves itself with.
	DiscoveryKey auth.Key `name:"discovery-key" env:"ROLLCALL_DISCOVERY_KEY" required:"" help:"Key shared with discovery: 32 random bytes or more in base64."`

	serve.Logging `embed:""`
}
