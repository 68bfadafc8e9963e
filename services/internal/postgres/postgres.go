// Package postgres opens the schema of a service: a pool that waits until the database
// answers, migrations under a lock, and errors that are classified by their codes and
// constraint names, and never by their texts.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/tern/v2/migrate"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

const (
	// openLimit is how long Open waits for a database that does not answer yet.
	openLimit = 30 * time.Second
	openEvery = 250 * time.Millisecond
	// defaultMaxConns is the size of a pool without Options.MaxConns.
	defaultMaxConns = 8
	connectLimit    = 5 * time.Second
	healthEvery     = 5 * time.Second
	// provenFor is how long a connection that answered is considered to be alive. It is
	// shorter than a restart of Postgres, so that no query after a restart gets a
	// connection from before. In a busy pool, few connections are idle for that long.
	provenFor = 50 * time.Millisecond
)

// Options configures a pool.
type Options struct {
	// URL is the URL of the database with the role of the service: postgres://…
	URL string
	// Schema is the search path. If it is empty, that of the role applies.
	Schema string
	// MaxConns is the maximum number of connections. The default is 8.
	MaxConns int32
	// Logger logs that the database does not answer yet.
	Logger *slog.Logger
	// Settings are the settings of each connection, such as lock_timeout.
	Settings map[string]string
}

var errBadURL = errors.New("the database URL can't be read: expected postgres://user:password@host:port/database")

// Open returns a pool of connections to the database. It waits up to half a minute for a
// database that is starting.
func Open(ctx context.Context, options Options) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(options.URL)
	if err != nil {
		return nil, errBadURL // The error may quote the URL, and with it the password.
	}
	config.MaxConns = defaultMaxConns
	if options.MaxConns > 0 {
		config.MaxConns = options.MaxConns
	}
	config.ConnConfig.ConnectTimeout = connectLimit
	if options.Schema != "" {
		config.ConnConfig.RuntimeParams["search_path"] = options.Schema
	}
	maps.Copy(config.ConnConfig.RuntimeParams, options.Settings)
	config.HealthCheckPeriod = healthEvery
	config.ShouldPing = func(_ context.Context, params pgxpool.ShouldPingParams) bool { return params.IdleDuration > provenFor }
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if err := wait(ctx, pool, options.Logger); err != nil {
		pool.Close()
		c := config.ConnConfig
		return nil, fmt.Errorf("the database %s at %s:%d can't be used as %s: %w", c.Database, c.Host, c.Port, c.User, err)
	}
	return pool, nil
}

// wait waits until the database answers. It returns at once if the database refuses the
// connection.
func wait(ctx context.Context, pool *pgxpool.Pool, logger *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	tick := time.NewTicker(openEvery)
	defer tick.Stop()
	for logged := false; ; {
		err := pool.Ping(ctx)
		if err == nil || fault.KindOf(Fault(err)) != fault.KindUnavailable {
			return err
		}
		if !logged && logger != nil {
			logger.Warn("waiting for the database", "error", err)
			logged = true
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// Migrate migrates the schema to the newest migration in files, and creates the schema if
// it does not exist. One process migrates at a time.
func Migrate(ctx context.Context, url string, files fs.FS, schema string) error {
	return MigrateTo(ctx, url, files, schema, -1)
}

// migrateLock is the key of the advisory lock of the process that migrates.
const migrateLock = 0x726f6c6c63616c6c // "rollcall"

// MigrateTo migrates the schema to a version, for tests of later migrations. -1 means the
// newest.
func MigrateTo(ctx context.Context, url string, files fs.FS, schema string, version int32) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return errBadURL // The error may quote the URL, and with it the password.
	}
	// Migrations name tables without a schema. The migrator resets all settings after each
	// migration to those of the start of the connection.
	config.RuntimeParams["search_path"] = schema
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return Fault(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := awaitTurn(ctx, conn); err != nil {
		return fmt.Errorf("wait for the lock of migrations: %w", err)
	}
	if err := ensureSchema(ctx, conn, schema); err != nil {
		return err
	}
	migrator, err := migrate.NewMigrator(ctx, conn, schema+".schema_version")
	if err != nil {
		return fmt.Errorf("read the version of schema %s: %w", schema, err)
	}
	if err := migrator.LoadMigrations(files); err != nil {
		return fmt.Errorf("load the migrations of schema %s: %w", schema, err)
	}
	newest := int32(len(migrator.Migrations))
	if version < 0 {
		version = newest
	}
	current, err := migrator.GetCurrentVersion(ctx)
	if err != nil {
		return fmt.Errorf("read the version of schema %s: %w", schema, err)
	}
	if current > newest {
		return fmt.Errorf("schema %s is at version %d and this program knows only %d: a newer Rollcall has used this database; run that one", schema, current, newest)
	}
	if current > version {
		return fmt.Errorf("schema %s is at version %d, past %d: migrations only go up", schema, current, version)
	}
	if err := migrator.MigrateTo(ctx, version); err != nil {
		return fmt.Errorf("migrate schema %s: %w", schema, err)
	}
	return nil
}

// turnEvery is how often a process tries to get the lock of migrations.
const turnEvery = 100 * time.Millisecond

// awaitTurn acquires the lock of migrations. It polls, because CREATE INDEX CONCURRENTLY
// waits for all running statements: a statement that waits for the lock would be a
// deadlock.
func awaitTurn(ctx context.Context, conn *pgx.Conn) error {
	tick := time.NewTicker(turnEvery)
	defer tick.Stop()
	for {
		var taken bool
		if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, int64(migrateLock)).Scan(&taken); err != nil || taken {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// ensureSchema creates the schema unless it exists. The role of the service may own a
// schema in a database where it is not allowed to create one.
func ensureSchema(ctx context.Context, conn *pgx.Conn, schema string) error {
	var there bool
	err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)`, schema).Scan(&there)
	if err == nil && !there {
		_, err = conn.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+pgx.Identifier{schema}.Sanitize())
	}
	if err != nil {
		return fmt.Errorf("create schema %s: %w", schema, err)
	}
	return nil
}

// Fault turns an error of the database into a fault: Unavailable if the database does not
// answer, Aborted if another transaction won. It returns other errors unchanged.
func Fault(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	if _, ok := fault.As(err); ok {
		return err
	}
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return faultOfCode(pgErr)
	}
	_, connect := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[net.Error](err)
	if connect || (network && !errors.Is(err, context.DeadlineExceeded)) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err) {
		return fault.Unavailable("the database", err)
	}
	return err
}

func faultOfCode(err *pgconn.PgError) error {
	switch {
	case err.Code == pgerrcode.SerializationFailure, err.Code == pgerrcode.DeadlockDetected,
		err.Code == pgerrcode.LockNotAvailable:
		return fault.New(fault.KindAborted, fault.ReasonConflict, "another change was made at the same moment; try again").WithCause(err)
	case pgerrcode.IsOperatorIntervention(err.Code), pgerrcode.IsConnectionException(err.Code),
		pgerrcode.IsInsufficientResources(err.Code), pgerrcode.IsSystemError(err.Code),
		err.Code == pgerrcode.ReadOnlySQLTransaction,
		// A process that was suspended within a transaction has lost its connection.
		err.Code == pgerrcode.IdleInTransactionSessionTimeout:
		return fault.Unavailable("the database", err)
	}
	return err
}

// Constraint returns the name of the constraint that was violated, or "".
func Constraint(err error) string {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgerrcode.IsIntegrityConstraintViolation(pgErr.Code) {
		return pgErr.ConstraintName
	}
	return ""
}
