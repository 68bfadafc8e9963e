package dbtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"hash/fnv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-dev/rollcall/services/internal/pgrole"
)

// password is the password of all test roles. It is fixed because the roles of a shared
// server belong to all test binaries.
const password = "rollcall-test"

// cluster creates databases on one server.
type cluster struct {
	adminURL string
	admin    *pgxpool.Pool
	// disposable reports whether the databases are removed with the server, which may be
	// stopped at the end of a test.
	disposable bool

	mu        sync.Mutex
	templates map[string]*prepared // by Template.database()
}

// prepared is a template that this binary uses.
type prepared struct {
	once sync.Once
	url  string // as the template's role, in some database
	err  error
}

func newCluster(adminURL string) (*cluster, error) {
	admin, err := pgxpool.New(context.Background(), adminURL)
	if err != nil {
		return nil, fmt.Errorf("open a pool for the administrator: %w", err)
	}
	return &cluster{adminURL: adminURL, admin: admin, templates: make(map[string]*prepared)}, nil
}

func (c *cluster) close() { c.admin.Close() }

// new returns a fresh database that the end of the test drops.
func (c *cluster) new(t testing.TB, template Template) *DB {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	roleURL, err := c.prepare(ctx, template)
	if err != nil {
		t.Fatalf("dbtest: template %s: %v", template, err)
	}
	name := "rollcall_test_" + strings.ToLower(rand.Text())
	if _, err := c.admin.Exec(ctx, `CREATE DATABASE `+name+` TEMPLATE `+template.database()); err != nil {
		t.Fatalf("dbtest: copying the template %s: %v", template, err)
	}
	if !c.disposable {
		t.Cleanup(func() { c.drop(t, name) })
	}
	db := &DB{}
	if db.URL, err = pgrole.WithDatabase(roleURL, name); err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	if db.AdminURL, err = pgrole.WithDatabase(c.adminURL, name); err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	return db
}

func (c *cluster) drop(t testing.TB, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := c.admin.Exec(ctx, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`); err != nil {
		t.Errorf("dbtest: dropping the database: %v", err)
	}
}

// prepare ensures that the template is on the server, and returns an address with its role.
func (c *cluster) prepare(ctx context.Context, template Template) (string, error) {
	c.mu.Lock()
	p := c.templates[template.database()]
	if p == nil {
		p = &prepared{}
		c.templates[template.database()] = p
	}
	c.mu.Unlock()
	p.once.Do(func() { p.url, p.err = c.findOrBuild(ctx, template) })
	return p.url, p.err
}

// findOrBuild finds or builds a template. It holds a lock on the server, because other test
// binaries may need the same template.
func (c *cluster) findOrBuild(ctx context.Context, template Template) (string, error) {
	conn, err := c.admin.Acquire(ctx)
	if err != nil {
		return "", fmt.Errorf("connect as administrator: %w", err)
	}
	defer conn.Release()
	key := fnv.New64a()
	key.Write([]byte(template.database()))
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(key.Sum64())); err != nil {
		return "", fmt.Errorf("wait for other test binaries: %w", err)
	}
	defer unlock(context.WithoutCancel(ctx), conn, int64(key.Sum64()))

	var exists bool
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, template.database()).Scan(&exists)
	if err != nil {
		return "", fmt.Errorf("look up the template: %w", err)
	}
	if exists {
		return c.roleURL(ctx, template)
	}
	return c.build(ctx, conn, template)
}

// unlock releases a lock. If that fails, it closes the connection, which releases it.
func unlock(ctx context.Context, conn *pgxpool.Conn, key int64) {
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_unlock($1)`, key); err != nil {
		_ = conn.Conn().Close(ctx) // it is closed in any case
	}
}

// roleURL returns an address with the role of a complete template.
func (c *cluster) roleURL(ctx context.Context, template Template) (string, error) {
	if template.Service == "" {
		return c.adminURL, nil
	}
	access, err := pgrole.Lookup(ctx, c.adminURL, template.database(), template.Service, password)
	return access.URL, err
}

// build migrates a database with a temporary name, so that a database with the name of the
// template is complete.
func (c *cluster) build(ctx context.Context, conn *pgxpool.Conn, template Template) (string, error) {
	name := template.database()
	building := name + "_building"
	for _, sql := range []string{
		`DROP DATABASE IF EXISTS ` + building + ` WITH (FORCE)`,
		`CREATE DATABASE ` + building + ` TEMPLATE template0 ENCODING 'UTF8'`,
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return "", fmt.Errorf("%s: %w", sql, err)
		}
	}
	roleURL, err := pgrole.WithDatabase(c.adminURL, building)
	if err != nil {
		return "", err
	}
	if template.Service != "" {
		access, err := pgrole.Provision(ctx, c.adminURL, building, template.Service, password)
		if err != nil {
			return "", err
		}
		roleURL = access.URL
	}
	if template.Migrate != nil {
		if err := template.Migrate(ctx, roleURL); err != nil {
			return "", fmt.Errorf("migrate: %w", err)
		}
	}
	for _, sql := range []string{
		`ALTER DATABASE ` + building + ` RENAME TO ` + name,
		`ALTER DATABASE ` + name + ` ALLOW_CONNECTIONS false`, // a template in use can't be copied
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return "", fmt.Errorf("%s: %w", sql, err)
		}
	}
	return roleURL, nil
}
