package app

import (
	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// Config is the configuration of the accounts service.
type Config struct {
	// DatabaseURL connects as the role of the service, whose search_path is its schema.
	DatabaseURL string `name:"database-url" env:"ROLLCALL_DATABASE_URL" required:"" help:"Postgres database, as the role of accounts: postgres://…"`
	// GRPC is the public endpoint.
	GRPC serve.Endpoint `name:"grpc-addr" env:"ROLLCALL_GRPC_ADDR" default:"localhost:9091" help:"Where the public gRPC services listen."`
	// Internal is the endpoint for discovery.
	Internal serve.Endpoint `name:"internal-addr" env:"ROLLCALL_INTERNAL_ADDR" default:"localhost:9191" help:"Where discovery calls. Nothing else should reach it."`
	// DiscoveryKey authenticates discovery.
	DiscoveryKey auth.Key `name:"discovery-key" env:"ROLLCALL_DISCOVERY_KEY" required:"" help:"Key shared with discovery: 32 random bytes or more in base64."`

	// KeysetFile and KMSKeyURIs are the keys that encrypt secrets. Without either, accounts with a
	// secret are refused.
	KeysetFile string   `name:"keyset-file" env:"ROLLCALL_KEYSET_FILE" help:"Keyset that encrypts secrets, in a local file; made if there is none. Keep a copy of it: secrets can't be read without it."`
	KMSKeyURIs []string `name:"kms-key-uri" env:"ROLLCALL_KMS_KEY_URI" help:"Key of a KMS that encrypts secrets instead: aws-kms://arn:… or gcp-kms://projects/…. Of several, the first encrypts, and the others decrypt older secrets."`
	// AllowedTokenHosts may be named by key files, beside Google's own hosts.
	AllowedTokenHosts keyfile.Hosts `name:"allowed-token-hosts" env:"ROLLCALL_ALLOWED_TOKEN_HOSTS" help:"Hosts that key files may name beside Google's own: host:port, with commas between."`

	serve.Logging `embed:""`
	Metrics       serve.Metrics `embed:""`
}
