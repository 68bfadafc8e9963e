package up

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/pgrole"
	"github.com/rollcall-dev/rollcall/services/internal/pgserver"
)

const (
	// databaseName is the database in the Postgres that is started here.
	databaseName = "rollcall"
	// maxConnections is room for the pools of all services and for a person with psql.
	maxConnections = "60"
	// databaseStopLimit is how long Postgres may take to write its last checkpoint.
	databaseStopLimit = 15 * time.Second
)

// database is where the services keep what they know.
type database struct {
	// adminURL leads to it as a role that may make roles and schemas.
	adminURL string
	// name of the database in it; empty: the one that the URL names.
	name string
	// server is nil when the database is the user's own.
	server *pgserver.Server
}

// openDatabase starts Postgres, unless the user has one.
func openDatabase(ctx context.Context, cfg Config, logger *slog.Logger, tell *teller) (*database, error) {
	if cfg.DatabaseURL != "" {
		return &database{adminURL: cfg.DatabaseURL}, nil
	}
	dir := filepath.Join(cfg.DataDir, "postgres")
	if _, err := os.Stat(filepath.Join(dir, "data")); errors.Is(err, os.ErrNotExist) {
		tell.step("Making a database in %s; once, in some seconds, or longer when Postgres has to be fetched first.", dir)
	}
	server, err := pgserver.Start(ctx, pgserver.Config{
		DataDir:  dir,
		Settings: map[string]string{"max_connections": maxConnections},
		Logger:   logger.With("service", "postgres"),
		OnChange: tell.postgres,
	})
	if err != nil {
		return nil, explainPostgres(cfg, err)
	}
	return &database{adminURL: server.URL("postgres"), name: databaseName, server: server}, nil
}

// explainPostgres says what to do when Postgres can't be started.
func explainPostgres(cfg Config, err error) error {
	if locked, ok := errors.AsType[*pgserver.LockedError](err); ok {
		holder := "another rollcall up"
		if locked.PID != 0 {
			holder = fmt.Sprintf("another rollcall up (pid %d)", locked.PID)
		}
		return advise("stop it, or give this one a folder of its own with ROLLCALL_DATA_DIR",
			"%s is using the data folder %s", holder, cfg.DataDir)
	}
	return fmt.Errorf("starting Postgres: %w", err)
}

// close stops Postgres, when it was started here.
func (d *database) close() error {
	if d.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), databaseStopLimit)
	defer cancel()
	return d.server.Stop(ctx)
}

// provision makes a role and a schema for each service, as far as they are missing, and returns how each reaches its own.
func (d *database) provision(ctx context.Context, cfg Config, services ...string) (map[string]string, error) {
	secret, err := d.secret(cfg)
	if err != nil {
		return nil, err
	}
	urls := map[string]string{}
	for _, service := range services {
		password, err := hkdf.Key(sha256.New, secret, nil, "rollcall: password of the role of "+service, 24)
		if err != nil {
			return nil, fmt.Errorf("deriving a password: %w", err)
		}
		access, err := pgrole.Provision(ctx, d.adminURL, d.name, service, fmt.Sprintf("%x", password))
		if err != nil {
			return nil, explainProvision(cfg, err)
		}
		urls[service] = access.URL
	}
	return urls, nil
}

func explainProvision(cfg Config, err error) error {
	if cfg.DatabaseURL == "" {
		return fmt.Errorf("preparing the database: %w", err)
	}
	return advise("check ROLLCALL_DATABASE_URL: expected postgres://user:password@host:port/database, with a role that may create roles and schemas",
		"your own database can't be used: %w", &oneLineError{err})
}

// secret is what the passwords of the services' roles are derived from: the administrator's own password, so that each
// process with the same database comes to the same ones; without one in the URL, a random secret kept in the data folder.
func (d *database) secret(cfg Config) ([]byte, error) {
	if address, err := url.Parse(d.adminURL); err == nil {
		if password, ok := address.User.Password(); ok {
			return []byte(password), nil
		}
	} else if strings.HasPrefix(d.adminURL, "postgres") { // not key=value pairs; the error may hold the password
		return nil, advise("expected postgres://user:password@host:port/database", "ROLLCALL_DATABASE_URL can't be read")
	}
	path := filepath.Join(cfg.DataDir, "secret")
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		content = []byte(rand.Text() + "\n")
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("the secret for the database's passwords: %w", err)
	}
	return []byte(strings.TrimSpace(string(content))), nil
}

// oneLineError is an error of which the text may have several lines, as one.
type oneLineError struct{ error }

func (o *oneLineError) Error() string { return strings.Join(strings.Fields(o.error.Error()), " ") }

// Unwrap is the error itself.
func (o *oneLineError) Unwrap() error { return o.error }
