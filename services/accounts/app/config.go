package app

import (
	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
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

	// KeysetFile and KMSKeyURIs are the keys that secrets are encrypted with;
	// without either, accounts that come with a secret are refused.
	KeysetFile string   `name:"keyset-file" env:"ROLLCALL_KEYSET_FILE" help:"Keyset that encrypts secrets, in a local file; made when it is not there. Keep a copy of it: without it they can't be read."`
	KMSKeyURIs []string `name:"kms-key-uri" env:"ROLLCALL_KMS_KEY_URI" help:"Key of a KMS that encrypts secrets instead: aws-kms://arn:… or gcp-kms://projects/…. Of several, the first encrypts, and the others still decrypt."`
	// AllowedTokenHosts are what key files may name beside Google's own hosts.
	AllowedTokenHosts keyfile.Hosts `name:"allowed-token-hosts" env:"ROLLCALL_ALLOWED_TOKEN_HOSTS" help:"Hosts that key files may name beside Google's own: host:port, with commas between."`

	serve.Logging `embed:""`
	Metrics       serve.Metrics `embed:""`
}
