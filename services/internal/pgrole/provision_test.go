package pgrole_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/pgrole"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// admin returns the address of a server for this test alone, because roles belong to
// whole servers.
func admin(t *testing.T) string {
	t.Helper()
	return dbtest.NewServer(t).New(t, dbtest.Template{}).AdminURL
}

func provision(t *testing.T, adminURL, service, password string) pgrole.Access {
	t.Helper()
	access, err := pgrole.Provision(t.Context(), adminURL, "rollcall", service, password)
	if err != nil {
		t.Fatalf("Provision(%s): %v", service, err)
	}
	return access
}

// try runs statements on a connection of their own.
func try(t *testing.T, url string, statements ...string) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			return err
		}
	}
	return nil
}

func must(t *testing.T, url string, statements ...string) {
	t.Helper()
	if err := try(t, url, statements...); err != nil {
		t.Fatal(err)
	}
}

// denied reports whether the server refused because of a missing privilege.
func denied(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && (pgErr.Code == "42501" || pgErr.Code == "28P01")
}

func TestProvision_ServicesAreSeparated(t *testing.T) {
	t.Parallel()
	adminURL := admin(t)
	accounts := provision(t, adminURL, "accounts", "one")
	inventory := provision(t, adminURL, "inventory", "two")
	if accounts.Shared || inventory.Shared {
		t.Error("a superuser's services share a role")
	}
	must(t, accounts.URL, `CREATE TABLE secrets (v text)`)
	must(t, inventory.URL, `CREATE TABLE secrets (v int)`)
	must(t, accounts.URL, `SELECT v FROM accounts.secrets`)

	for what, sql := range map[string]string{
		"reading another's table":    `SELECT FROM accounts.secrets`,
		"creating in another schema": `CREATE TABLE accounts.mine ()`,
		"creating in public":         `CREATE TABLE public.mine ()`,
		"creating a schema":          `CREATE SCHEMA mine`,
		"taking another's role":      `SET ROLE rollcall_accounts`,
	} {
		if err := try(t, inventory.URL, sql); !denied(err) {
			t.Errorf("%s: %v, want it denied", what, err)
		}
	}
	stranger := strings.NewReplacer("rollcall_inventory", "stranger").Replace(inventory.URL)
	must(t, adminURL, `CREATE ROLE stranger LOGIN PASSWORD 'two'`)
	if err := try(t, stranger); !denied(err) {
		t.Errorf("another role connects to the database: %v", err)
	}
}

func TestProvision_Again(t *testing.T) {
	t.Parallel()
	adminURL := admin(t)
	before := provision(t, adminURL, "accounts", "old")
	must(t, before.URL, `CREATE TABLE kept ()`)

	after := provision(t, adminURL, "accounts", "new")
	must(t, after.URL, `SELECT FROM kept`)
	if err := try(t, before.URL); !denied(err) {
		t.Errorf("the old password: %v, want it denied", err)
	}
	found, err := pgrole.Lookup(t.Context(), adminURL, "rollcall", "accounts", "new")
	if err != nil || found != after {
		t.Errorf("Lookup = %v, %v; want what Provision returned", found, err)
	}
}

func TestProvision_Concurrent(t *testing.T) {
	t.Parallel()
	adminURL := admin(t)
	var group sync.WaitGroup
	for range 4 {
		for _, service := range []string{"accounts", "inventory", "discovery"} {
			group.Go(func() {
				access, err := pgrole.Provision(t.Context(), adminURL, "rollcall", service, "secret")
				if err == nil {
					err = try(t, access.URL, `SELECT 1`)
				}
				if err != nil {
					t.Errorf("%s: %v", service, err)
				}
			})
		}
	}
	group.Wait()
}

func TestProvision_ExistingDatabaseStaysOpen(t *testing.T) {
	t.Parallel()
	adminURL := admin(t)
	must(t, adminURL, `CREATE ROLE stranger LOGIN PASSWORD 'stranger'`, `CREATE DATABASE rollcall`)
	access := provision(t, adminURL, "accounts", "secret")
	must(t, access.URL, `CREATE TABLE mine ()`)
	stranger := strings.NewReplacer("rollcall_accounts:secret", "stranger:stranger").Replace(access.URL)
	must(t, stranger, `SELECT 1`)
	if err := try(t, stranger, `SELECT FROM accounts.mine`); !denied(err) {
		t.Errorf("a stranger reads a service's table: %v", err)
	}
}

// as creates a role with some attributes and returns the administrator's address with that role.
func as(t *testing.T, adminURL, attributes string) string {
	t.Helper()
	must(t, adminURL, `CREATE ROLE owner LOGIN PASSWORD 'owner' `+attributes)
	config, err := pgx.ParseConfig(adminURL)
	if err != nil {
		t.Fatal(err)
	}
	old := config.User + ":" + config.Password + "@"
	return strings.Replace(adminURL, old, "owner:owner@", 1)
}

func TestProvision_AdministratorIsNotSuperuser(t *testing.T) {
	t.Parallel()
	owner := as(t, admin(t), "CREATEDB CREATEROLE")
	access := provision(t, owner, "accounts", "secret")
	if access.Shared {
		t.Error("the service has no role of its own")
	}
	must(t, access.URL, `CREATE TABLE mine ()`, `SELECT FROM accounts.mine`)
	provision(t, owner, "accounts", "secret")
}

func TestProvision_AdministratorCanNotCreateRoles(t *testing.T) {
	t.Parallel()
	owner := as(t, admin(t), "CREATEDB")
	for range 2 {
		access := provision(t, owner, "accounts", "secret")
		if !access.Shared {
			t.Error("the service claims a role of its own")
		}
		must(t, access.URL, `CREATE TABLE IF NOT EXISTS mine ()`, `SELECT FROM accounts.mine`)
		found, err := pgrole.Lookup(t.Context(), owner, "rollcall", "accounts", "secret")
		if err != nil || found != access {
			t.Errorf("Lookup = %v, %v; want what Provision returned", found, err)
		}
	}
}

func TestProvision_AdministratorCanNotCreateDatabases(t *testing.T) {
	t.Parallel()
	adminURL := admin(t)
	owner := as(t, adminURL, "")
	_, err := pgrole.Provision(t.Context(), owner, "rollcall", "accounts", "secret")
	if err == nil || !strings.Contains(err.Error(), "database rollcall does not exist") {
		t.Errorf("Provision: %v, want it to name the missing database", err)
	}

	must(t, adminURL, `CREATE DATABASE given OWNER owner`)
	given, err := pgrole.WithDatabase(owner, "given")
	if err != nil {
		t.Fatal(err)
	}
	access, err := pgrole.Provision(t.Context(), given, "", "accounts", "secret")
	if err != nil {
		t.Fatalf("in the database of the address: %v", err)
	}
	must(t, access.URL, `CREATE TABLE mine ()`, `SELECT FROM accounts.mine`)
}

func TestProvision_SchemaOfAnotherRole(t *testing.T) {
	t.Parallel()
	adminURL := admin(t)
	must(t, adminURL, `CREATE SCHEMA accounts`)
	_, err := pgrole.Provision(t.Context(), adminURL, "", "accounts", "secret")
	if err == nil || !strings.Contains(err.Error(), "belongs to postgres") {
		t.Errorf("Provision: %v, want it to name the schema's owner", err)
	}
}

func TestProvision_InvalidNamesAndPasswords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ service, password string }{
		{"", "secret"}, {"Accounts", "secret"}, {`a"; DROP`, "secret"}, {"accounts", ""}, {"accounts", "pässword"},
	} {
		url := dbtest.New(t, dbtest.Template{}).AdminURL
		if _, err := pgrole.Provision(t.Context(), url, "", c.service, c.password); err == nil {
			t.Errorf("service %q with password %q is accepted", c.service, c.password)
		}
	}
}
