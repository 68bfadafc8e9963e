package up

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// Config is how `rollcall up` runs.
type Config struct {
	DataDir         string         `env:"ROLLCALL_DATA_DIR" help:"Folder for the database and the log. Default: rollcall in the user's data folder ($XDG_DATA_HOME, ~/.local/share), /var/lib/rollcall for root." placeholder:"DIR" type:"path"`
	HTTP            serve.Endpoint `name:"http-addr" env:"ROLLCALL_HTTP_ADDR" default:"localhost:8080" help:"Where the console and REST listen." placeholder:"ADDR"`
	GRPC            serve.Endpoint `name:"grpc-addr" env:"ROLLCALL_GRPC_ADDR" default:"localhost:9090" help:"Where gRPC listens." placeholder:"ADDR"`
	DatabaseURL     string         `env:"ROLLCALL_DATABASE_URL" help:"A Postgres of your own, as a role that may create roles and schemas. Default: one that is started here." placeholder:"URL"`
	SyncInterval    time.Duration  `env:"ROLLCALL_SYNC_INTERVAL" help:"How long after one sync of an account the next is due." default:"1m"`
	BudgetShare     float64        `name:"api-budget-share" env:"ROLLCALL_API_BUDGET_SHARE" help:"Part of the clouds' API limits that Rollcall takes of each account, above 0 and at most 1." default:"0.5"`
	ChangeRetention time.Duration  `env:"ROLLCALL_CHANGE_RETENTION" help:"How long changes, and what is gone, are kept; 0 keeps all." default:"720h"`
	ProtectLabel    string         `env:"ROLLCALL_PROTECT_LABEL" help:"Instances that carry this label are not started or stopped: KEY for any value, or KEY=VALUE." placeholder:"LABEL" default:"rollcall-protect"`
	Demo            Demo           `env:"ROLLCALL_DEMO" help:"The demo company: auto (when no credentials of a cloud are found), on or off." enum:"auto,on,off" default:"auto"`

	KeysetFile        string        `env:"ROLLCALL_KEYSET_FILE" help:"Keyset that encrypts secrets; made when it is not there. Keep a copy of it: without it they can't be read. Default: keyset.json in the data folder." placeholder:"FILE" type:"path" group:"Secrets"`
	KMSKeyURIs        []string      `name:"kms-key-uri" env:"ROLLCALL_KMS_KEY_URI" help:"Key of a KMS that encrypts secrets instead: aws-kms://arn:… or gcp-kms://projects/…. Of several, the first encrypts, and the others still decrypt." placeholder:"URI" group:"Secrets"`
	AllowedTokenHosts keyfile.Hosts `env:"ROLLCALL_ALLOWED_TOKEN_HOSTS" help:"Hosts that Google key files may name beside Google's own: host:port, with commas between." placeholder:"HOST" group:"Secrets"`

	serve.Logging `embed:"" group:"Log"`
}

// keysetName is the keyset's file in the data folder.
const keysetName = "keyset.json"

// Demo says whether the demo company is shown.
type Demo string

// The choices of Demo.
const (
	// DemoAuto shows the demo when no credentials of a cloud are found.
	DemoAuto Demo = "auto"
	// DemoOn shows it whatever the environment.
	DemoOn Demo = "on"
	// DemoOff puts nothing on the roll by itself, neither the demo nor the account of the environment.
	DemoOff Demo = "off"
)

// complete checks what was given, fills in the data folder and makes it.
func (c *Config) complete() error {
	if c.SyncInterval <= 0 {
		return advise("give one above 0 with ROLLCALL_SYNC_INTERVAL, such as 1m", "%s is no sync interval", c.SyncInterval)
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
		return fmt.Errorf("the data folder %s: %w", c.DataDir, err)
	}
	c.DataDir = dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return advise("choose another folder with ROLLCALL_DATA_DIR", "the data folder can't be made: %w", err)
	}
	if c.KeysetFile == "" {
		c.KeysetFile = filepath.Join(dir, keysetName)
	}
	return nil
}

// rootDataDir is root's data folder, by the Filesystem Hierarchy Standard (section 5.8).
const rootDataDir = "/var/lib/rollcall"

// defaultDataDir is where a user's data belong, by the XDG Base Directory Specification.
func defaultDataDir() (string, error) {
	if os.Geteuid() == 0 {
		return rootDataDir, nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) { // "all paths must be absolute; relative ones are ignored"
		return filepath.Join(dir, "rollcall"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", advise("say where the data are to be kept with ROLLCALL_DATA_DIR", "there is no home folder: %w", err)
	}
	return filepath.Join(home, ".local", "share", "rollcall"), nil
}

// AdvisedError is an error that says what to do about it.
type AdvisedError struct {
	// Remedy is what to do.
	Remedy string
	err    error
}

func (a *AdvisedError) Error() string { return a.err.Error() }

// Unwrap is the error without the advice.
func (a *AdvisedError) Unwrap() error { return a.err }

// advise makes an error with what to do about it. The format knows %w.
func advise(remedy, format string, args ...any) error {
	return &AdvisedError{Remedy: remedy, err: fmt.Errorf(format, args...)}
}
