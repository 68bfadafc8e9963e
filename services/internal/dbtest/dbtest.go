package dbtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"
)

// sharedURL is the environment variable with the address of a server for tests. Its role
// can create databases and roles.
const sharedURL = "ROLLCALL_TEST_DATABASE_URL"

// patience is the limit of each single action on a server.
const patience = time.Minute

// binary is the state of this test binary.
var binary struct {
	mu      sync.Mutex
	running bool // inside Main
	started bool
	cluster *cluster
	local   *instance // nil on a shared server
	err     error     // why there is no cluster
}

// Main runs the tests of a binary, stops its server, fails if goroutines are left, and
// exits.
func Main(m *testing.M, options ...goleak.Option) {
	goleak.VerifyTestMain(runner{m}, options...)
}

// runner closes everything after the tests, before the check for leaked goroutines.
type runner struct{ m *testing.M }

func (r runner) Run() int {
	binary.mu.Lock()
	binary.running = true
	binary.mu.Unlock()
	code := r.m.Run()
	if err := closeBinary(); err != nil {
		fmt.Fprintln(os.Stderr, "dbtest:", err)
		return max(code, 1)
	}
	return code
}

func closeBinary() error {
	binary.mu.Lock()
	defer binary.mu.Unlock()
	binary.running = false
	if binary.cluster != nil {
		binary.cluster.close()
	}
	if binary.local != nil {
		return binary.local.remove()
	}
	return nil
}

// shared returns the cluster of this binary, which the first call starts.
func shared() (*cluster, error) {
	binary.mu.Lock()
	defer binary.mu.Unlock()
	if !binary.running {
		return nil, errors.New("no server: TestMain must call dbtest.Main")
	}
	if !binary.started {
		binary.started = true
		binary.cluster, binary.local, binary.err = openShared()
	}
	return binary.cluster, binary.err
}

func openShared() (*cluster, *instance, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute) // Postgres may have to be downloaded
	defer cancel()
	if url := os.Getenv(sharedURL); url != "" {
		c, err := newCluster(url)
		return c, nil, err
	}
	local, err := newInstance(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	c, err := newCluster(local.url())
	if err != nil {
		return nil, nil, errors.Join(err, local.remove())
	}
	return c, local, nil
}

// DB is the database of one test.
type DB struct {
	// URL is the URL of the database with the role of the service of the template, or of the
	// administrator if the template has none.
	URL string
	// AdminURL is the URL of the database with the role of the administrator.
	AdminURL string
}

// New returns a new database that is a copy of the template. It is dropped at the end of
// the test, and open connections are closed.
func New(t testing.TB, template Template) *DB {
	t.Helper()
	c, err := shared()
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	return c.new(t, template)
}

// Pool returns a pool of connections to the database, which is closed at the end of the
// test.
func (db *DB) Pool(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(context.Background(), db.URL)
	if err != nil {
		t.Fatalf("dbtest: opening a pool: %v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}
