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
	// databaseName is the name of the database in the Postgres that `up` starts.
	databaseName = "rollcall"
	// maxConnections is enough for the pools of all services and some sessions of psql.
	maxConnections = "60"
	// databaseStopLimit is how long Postgres may take to stop, with its last checkpoint.
	databaseStopLimit = 15 * time.Second
)

// database is the database of the services.
type database struct {
	// adminURL is the URL with a role that may create roles and schemas.
	adminURL string
	// name is the name of the database. If empty, it is that in the URL.
	name string
	// server is nil if the database is the user's own.
	server *pgserver.Server
}

// openDatabase starts Postgres, unless the user has a database.
func openDatabase(ctx context.Context, cfg Config, logger *slog.Logger, out *printer) (*database, error) {
	if cfg.DatabaseURL != "" {
		return &database{adminURL: cfg.DatabaseURL}, nil
	}
	dir := filepath.Join(cfg.DataDir, "postgres")
	if _, err := os.Stat(filepath.Join(dir, "data")); errors.Is(err, os.ErrNotExist) {
		out.step("Creating a database in %s. This takes a few seconds, or longer if Postgres has to be downloaded.", dir)
	}
	server, err := pgserver.Start(ctx, pgserver.Config{
		DataDir:  dir,
		Settings: map[string]string{"max_connections": maxConnections},
		Logger:   logger.With("service", "postgres"),
		OnChange: out.postgres,
	})
	if err != nil {
		return nil, explainPostgres(cfg, err)
	}
	return &database{adminURL: server.URL("postgres"), name: databaseName, server: server}, nil
}

// explainPostgres returns the error for a Postgres that can't be started.
func explainPostgres(cfg Config, err error) error {
	if locked, ok := errors.AsType[*pgserver.LockedError](err); ok {
		holder := "another rollcall up"
		if locked.PID != 0 {
			holder = fmt.Sprintf("another rollcall up (pid %d)", locked.PID)
		}
		return advise(err, "stop it, or choose another data folder with ROLLCALL_DATA_DIR",
			"%s is using the data folder %s", holder, cfg.DataDir)
	}
	return fmt.Errorf("start Postgres: %w", err)
}

// close stops Postgres if `up` started it.
func (d *database) close() error {
	if d.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), databaseStopLimit)
	defer cancel()
	return d.server.Stop(ctx)
}

// provision creates a role and a schema for each service, unless they exist, and returns the URLs
// with which the services connect.
func (d *database) provision(ctx context.Context, cfg Config, services ...string) (map[string]string, error) {
	secret, err := d.secret(cfg)
	if err != nil {
		return nil, err
	}
	urls := map[string]string{}
	for _, service := range services {
		password, err := hkdf.Key(sha256.New, secret, nil, "rollcall: password of the role of "+service, 24)
		if err != nil {
			return nil, fmt.Errorf("derive a password: %w", err)
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
		return fmt.Errorf("prepare the database: %w", err)
	}
	// The error may have several lines.
	return advise(err, "check ROLLCALL_DATABASE_URL: it must be postgres://user:password@host:port/database, with a role that may create roles and schemas",
		"can't use the database of ROLLCALL_DATABASE_URL: %s", strings.Join(strings.Fields(err.Error()), " "))
}

// secret returns the secret from which the passwords of the services' roles are derived. It is the
// administrator's password, so that every process with the same database derives the same ones. If
// the URL has no password, it is a random secret, stored in the data folder.
func (d *database) secret(cfg Config) ([]byte, error) {
	if address, err := url.Parse(d.adminURL); err == nil {
		if password, ok := address.User.Password(); ok {
			return []byte(password), nil
		}
	} else if strings.HasPrefix(d.adminURL, "postgres") { // not key=value pairs; the error may contain the password
		return nil, advise(nil, "set it to postgres://user:password@host:port/database", "ROLLCALL_DATABASE_URL is not a valid URL")
	}
	path := filepath.Join(cfg.DataDir, "secret")
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		content = []byte(rand.Text() + "\n")
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("secret for the passwords of the database: %w", err)
	}
	return []byte(strings.TrimSpace(string(content))), nil
}
