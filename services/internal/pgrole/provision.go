package pgrole

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// insufficientPrivilege is a code from appendix A of the PostgreSQL manual.
const insufficientPrivilege = "42501"

// provisionLock is the key of the advisory lock of the process that provisions:
// concurrent changes of one role fail with "tuple concurrently updated".
const provisionLock = 0x726f6c6c

// Access states how a service reaches its schema.
type Access struct {
	// URL is the URL of the database with the role of the service and its schema as the
	// search path.
	URL string
	// Shared reports whether the service uses the role of the administrator, because that
	// role is not allowed to create roles. The service could then access the tables of
	// other services.
	Shared bool
}

var serviceName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// Provision creates what is missing for the service: the database (the one of adminURL if
// database is empty), the role with the given password, which must be printable ASCII,
// and the schema. It may be called again at any time, and by several processes at once. A
// changed password takes effect.
func Provision(ctx context.Context, adminURL, database, service, password string) (Access, error) {
	if !serviceName.MatchString(service) {
		return Access{}, fmt.Errorf("pgrole: %q is not a valid name of a service: use lower case letters, digits and _", service)
	}
	access, err := provision(ctx, adminURL, database, service, password)
	if err != nil {
		return Access{}, fmt.Errorf("pgrole: service %s: %w", service, err)
	}
	return access, nil
}

func provision(ctx context.Context, adminURL, database, service, password string) (Access, error) {
	admin, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return Access{}, fmt.Errorf("connect as administrator: %w", err)
	}
	defer admin.Close(context.WithoutCancel(ctx)) // releases the lock
	if _, err := admin.Exec(ctx, `SELECT pg_advisory_lock($1)`, provisionLock); err != nil {
		return Access{}, fmt.Errorf("wait for other processes that provision: %w", err)
	}
	if database == "" {
		database = admin.Config().Database
	}
	created, err := ensureDatabase(ctx, admin, database)
	if err != nil {
		return Access{}, err
	}
	databaseURL, err := WithDatabase(adminURL, database)
	if err != nil {
		return Access{}, err
	}
	isolated, err := ensureRole(ctx, admin, service, password)
	if err != nil {
		return Access{}, err
	}
	owner := admin.Config().User
	if isolated {
		owner = roleName(service)
	}
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return Access{}, fmt.Errorf("connect to the database %s: %w", database, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if created && isolated {
		if err := closeToOthers(ctx, conn); err != nil {
			return Access{}, err
		}
	}
	if err := ensureSchema(ctx, conn, service, owner); err != nil {
		return Access{}, err
	}
	return access(databaseURL, service, password, isolated)
}

// Lookup returns what Provision returned for a service that was provisioned before. It
// changes nothing.
func Lookup(ctx context.Context, adminURL, database, service, password string) (Access, error) {
	admin, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return Access{}, fmt.Errorf("pgrole: connect as administrator: %w", err)
	}
	defer admin.Close(context.WithoutCancel(ctx))
	isolated, err := roleExists(ctx, admin, service)
	if err != nil {
		return Access{}, fmt.Errorf("pgrole: service %s: %w", service, err)
	}
	databaseURL, err := WithDatabase(adminURL, database)
	if err != nil {
		return Access{}, err
	}
	return access(databaseURL, service, password, isolated)
}

func access(databaseURL, service, password string, isolated bool) (Access, error) {
	if isolated {
		url, err := withSettings(databaseURL, setting{"user", roleName(service)}, setting{"password", password})
		return Access{URL: url}, err
	}
	url, err := withSettings(databaseURL, setting{"search_path", service})
	return Access{URL: url, Shared: true}, err
}

func roleName(service string) string { return "rollcall_" + service }

// ensureDatabase creates the database unless it exists. It reports whether it created it.
func ensureDatabase(ctx context.Context, admin *pgx.Conn, database string) (bool, error) {
	var exists bool
	err := admin.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, database).Scan(&exists)
	if err != nil {
		return false, fmt.Errorf("look up the database %s: %w", database, err)
	}
	if exists {
		return false, nil
	}
	_, err = admin.Exec(ctx, `CREATE DATABASE `+quote(database)+` ENCODING 'UTF8'`)
	if hasCode(err, insufficientPrivilege) {
		return false, fmt.Errorf("the database %s does not exist and the role %s is not allowed to create it: create it, or use another one", database, admin.Config().User)
	}
	if err != nil {
		return false, fmt.Errorf("create the database %s: %w", database, err)
	}
	return true, nil
}

// closeToOthers revokes the rights of all other roles on a new database. A database that
// existed before may have other users and stays as it is: they can connect, but have no
// rights on the schemas.
func closeToOthers(ctx context.Context, conn *pgx.Conn) error {
	for _, sql := range []string{
		`REVOKE ALL ON DATABASE ` + quote(conn.Config().Database) + ` FROM PUBLIC`,
		`REVOKE ALL ON SCHEMA public FROM PUBLIC`,
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("revoke the rights of other roles: %s: %w", sql, err)
		}
	}
	return nil
}

func roleExists(ctx context.Context, admin *pgx.Conn, service string) (bool, error) {
	var exists bool
	err := admin.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, roleName(service)).Scan(&exists)
	if err != nil {
		return false, fmt.Errorf("look up the role: %w", err)
	}
	return exists, nil
}

// ensureRole creates or updates the role. It reports false if the administrator is not
// allowed to create roles.
func ensureRole(ctx context.Context, admin *pgx.Conn, service, password string) (bool, error) {
	role := quote(roleName(service))
	verifier, err := scramVerifier(password)
	if err != nil {
		return false, err
	}
	exists, err := roleExists(ctx, admin, service)
	if err != nil {
		return false, err
	}
	if !exists {
		_, err := admin.Exec(ctx, `CREATE ROLE `+role)
		if hasCode(err, insufficientPrivilege) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("create the role: %w", err)
		}
	}
	for _, sql := range []string{
		`ALTER ROLE ` + role + ` LOGIN PASSWORD '` + verifier + `'`,
		`ALTER ROLE ` + role + ` SET search_path = ` + quote(service),
	} {
		if _, err := admin.Exec(ctx, sql); err != nil {
			return false, fmt.Errorf("change the role %s: %w", role, err)
		}
	}
	return true, grantToAdmin(ctx, admin, role)
}

// grantToAdmin makes an administrator who is not a superuser a member of the role, which
// is required to give it a schema.
func grantToAdmin(ctx context.Context, admin *pgx.Conn, role string) error {
	var member bool
	err := admin.QueryRow(ctx, `SELECT rolsuper FROM pg_roles WHERE rolname = current_user`).Scan(&member)
	if err == nil && !member {
		_, err = admin.Exec(ctx, `GRANT `+role+` TO CURRENT_USER`)
	}
	if err != nil {
		return fmt.Errorf("become a member of the role %s: %w", role, err)
	}
	return nil
}

// ensureSchema allows the owner to connect to the database of conn, and creates the schema
// of the service.
func ensureSchema(ctx context.Context, conn *pgx.Conn, service, owner string) error {
	database := conn.Config().Database
	for _, sql := range []string{
		`GRANT CONNECT, TEMPORARY ON DATABASE ` + quote(database) + ` TO ` + quote(owner),
		`CREATE SCHEMA IF NOT EXISTS ` + quote(service) + ` AUTHORIZATION ` + quote(owner),
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("create the schema: %s: %w", sql, err)
		}
	}
	var actual string
	err := conn.QueryRow(ctx, `SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = $1`, service).Scan(&actual)
	if err != nil {
		return fmt.Errorf("look up the schema: %w", err)
	}
	if actual != owner {
		return fmt.Errorf("the schema %s of the database %s belongs to %s, want %s: rename it, or change the owner of it and of its tables",
			service, database, actual, owner)
	}
	return nil
}

func quote(identifier string) string { return pgx.Identifier{identifier}.Sanitize() }

func hasCode(err error, code string) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == code
}
