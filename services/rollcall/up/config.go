package up

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// Config is the configuration of `rollcall up`.
type Config struct {
	DataDir         string         `env:"ROLLCALL_DATA_DIR" help:"Folder for the database and the log. Default: rollcall in the user's data folder ($XDG_DATA_HOME, ~/.local/share), /var/lib/rollcall for root." placeholder:"DIR" type:"path"`
	HTTP            serve.Endpoint `name:"http-addr" env:"ROLLCALL_HTTP_ADDR" default:"localhost:8080" help:"Address of the console and REST." placeholder:"ADDR"`
	GRPC            serve.Endpoint `name:"grpc-addr" env:"ROLLCALL_GRPC_ADDR" default:"localhost:9090" help:"Address of gRPC." placeholder:"ADDR"`
	DatabaseURL     string         `env:"ROLLCALL_DATABASE_URL" help:"URL of your own Postgres database, with a role that may create roles and schemas. Default: start a Postgres here." placeholder:"URL"`
	SyncInterval    time.Duration  `env:"ROLLCALL_SYNC_INTERVAL" help:"Time from one sync of an account to the next." default:"1m"`
	BudgetShare     float64        `name:"api-budget-share" env:"ROLLCALL_API_BUDGET_SHARE" help:"Share of the API limits of each account that Rollcall uses, above 0 and up to 1." default:"0.5"`
	ChangeRetention time.Duration  `env:"ROLLCALL_CHANGE_RETENTION" help:"How long to store changes, and instances that are gone; 0 stores them forever." default:"720h"`
	ProtectLabel    string         `env:"ROLLCALL_PROTECT_LABEL" help:"Never start or stop instances with this label: KEY for any value, or KEY=VALUE." placeholder:"LABEL" default:"rollcall-protect"`
	Demo            Demo           `env:"ROLLCALL_DEMO" help:"Show the demo company: auto (if there are no credentials of a cloud), on or off." enum:"auto,on,off" default:"auto"`

	KeysetFile        string        `env:"ROLLCALL_KEYSET_FILE" help:"File with the keyset that encrypts secrets; created if it does not exist. Back it up: without it, the secrets can't be decrypted. Default: keyset.json in the data folder." placeholder:"FILE" type:"path" group:"Secrets"`
	KMSKeyURIs        []string      `name:"kms-key-uri" env:"ROLLCALL_KMS_KEY_URI" help:"Key of a KMS that encrypts secrets instead of a keyset: aws-kms://arn:… or gcp-kms://projects/…. If there are several, the first one encrypts, and all decrypt." placeholder:"URI" group:"Secrets"`
	AllowedTokenHosts keyfile.Hosts `env:"ROLLCALL_ALLOWED_TOKEN_HOSTS" help:"Hosts that Google key files may use in addition to Google's own: host:port, separated by commas." placeholder:"HOST" group:"Secrets"`

	serve.Logging `embed:"" group:"Log"`
}

// keysetName is the name of the keyset file in the data folder.
const keysetName = "keyset.json"

// Demo selects whether the demo company is shown.
type Demo string

// The choices of Demo.
const (
	// DemoAuto shows the demo if there are no credentials of a cloud.
	DemoAuto Demo = "auto"
	// DemoOn always shows the demo.
	DemoOn Demo = "on"
	// DemoOff adds no accounts automatically, neither the demo's nor those of the environment.
	DemoOff Demo = "off"
)

// complete validates the configuration, sets the data folder and creates it.
func (c *Config) complete() error {
	if c.SyncInterval <= 0 {
		return advise(nil, "set ROLLCALL_SYNC_INTERVAL to a positive duration, such as 1m", "the sync interval %s is not positive", c.SyncInterval)
	}
	if c.DataDir == "" {
		dir, err := defaultDataDir()
		if err != nil {
			return err
		}
		c.DataDir = dir
	}
	dir, err := filepath.Abs(c.DataDir)
	if err != nil {
		return fmt.Errorf("data folder %s: %w", c.DataDir, err)
	}
	c.DataDir = dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return advise(err, "choose another folder with ROLLCALL_DATA_DIR", "can't create the data folder: %v", err)
	}
	if c.KeysetFile == "" {
		c.KeysetFile = filepath.Join(dir, keysetName)
	}
	return nil
}

// rootDataDir is the data folder of root, according to the Filesystem Hierarchy Standard (section
// 5.8).
const rootDataDir = "/var/lib/rollcall"

// defaultDataDir returns the data folder of a user, according to the XDG Base Directory
// Specification.
func defaultDataDir() (string, error) {
	if os.Geteuid() == 0 {
		return rootDataDir, nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) { // "all paths must be absolute; relative ones are ignored"
		return filepath.Join(dir, "rollcall"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", advise(err, "choose a data folder with ROLLCALL_DATA_DIR", "can't find the home folder: %v", err)
	}
	return filepath.Join(home, ".local", "share", "rollcall"), nil
}

// advise returns an error with a remedy. The cause may be nil.
func advise(cause error, remedy, format string, args ...any) error {
	return fault.New(fault.KindFailedPrecondition, "", format, args...).WithRemedy(remedy).WithCause(cause)
}
