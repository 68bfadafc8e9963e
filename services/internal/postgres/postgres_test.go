package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var empty = dbtest.Template{Service: "things", Name: "empty"}

// files are two migrations of the schema `things`.
func files() fstest.MapFS {
	return fstest.MapFS{
		"0001_things.sql": {Data: []byte(`CREATE TABLE things (id int CONSTRAINT things_pkey PRIMARY KEY, n int CONSTRAINT things_n_check CHECK (n > 0));`)},
		"0002_colour.sql": {Data: []byte(`ALTER TABLE things ADD COLUMN colour text NOT NULL DEFAULT 'grey';`)},
	}
}

func open(t *testing.T, options postgres.Options) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func TestMigrate_KeepsRows(t *testing.T) {
	db := dbtest.New(t, empty)
	if err := postgres.MigrateTo(t.Context(), db.URL, files(), "things", 1); err != nil {
		t.Fatal(err)
	}
	pool := db.Pool(t)
	if _, err := pool.Exec(t.Context(), `INSERT INTO things.things VALUES (1, 1)`); err != nil {
		t.Fatal(err)
	}
	for range 2 { // The second call has nothing to do.
		if err := postgres.Migrate(t.Context(), db.URL, files(), "things"); err != nil {
			t.Fatal(err)
		}
	}
	var colour string
	if err := pool.QueryRow(t.Context(), `SELECT colour FROM things.things WHERE id = 1`).Scan(&colour); err != nil || colour != "grey" {
		t.Errorf("got %q, %v", colour, err)
	}
}

// The role of an external database may not have the schema in its search path.
func TestOpen_SetsTheSearchPath(t *testing.T) {
	db := dbtest.New(t, empty)
	if err := postgres.Migrate(t.Context(), db.AdminURL, files(), "mine"); err != nil {
		t.Fatal(err)
	}
	pool := open(t, postgres.Options{URL: db.AdminURL, Schema: "mine"})
	if _, err := pool.Exec(t.Context(), `SELECT id, colour FROM things`); err != nil {
		t.Error(err)
	}
}

func TestMigrate_Concurrent(t *testing.T) {
	db := dbtest.New(t, empty)
	group, ctx := errgroup.WithContext(t.Context())
	for range 6 {
		group.Go(func() error { return postgres.Migrate(ctx, db.URL, files(), "things") })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestMigrate_NewerDatabase(t *testing.T) {
	db := dbtest.New(t, empty)
	if err := postgres.Migrate(t.Context(), db.URL, files(), "things"); err != nil {
		t.Fatal(err)
	}
	older := files()
	delete(older, "0002_colour.sql")
	err := postgres.Migrate(t.Context(), db.URL, older, "things")
	if err == nil || !strings.Contains(err.Error(), "a newer Rollcall") {
		t.Errorf("got %v", err)
	}
}

func TestOpen_HidesThePassword(t *testing.T) {
	for _, url := range []string{"postgres://u:hunter2@localhost:notaport/db", "postgres://u:hunter2@127.0.0.1:1/db"} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // Do not wait for the database.
		_, err := postgres.Open(ctx, postgres.Options{URL: url})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v", err)
		}
	}
}

func TestOpen_WrongPassword(t *testing.T) {
	db := dbtest.New(t, empty)
	config, err := pgx.ParseConfig(db.URL)
	if err != nil {
		t.Fatal(err)
	}
	wrong := strings.Replace(db.URL, config.Password, "wrong", 1)
	_, err = postgres.Open(t.Context(), postgres.Options{URL: wrong})
	if err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestFault_DatabaseAway(t *testing.T) {
	server := dbtest.NewServer(t)
	db := server.New(t, empty)
	pool := open(t, postgres.Options{URL: db.URL})
	server.Stop(t)
	for range 3 { // First a broken connection, then refused ones.
		_, err := pool.Exec(t.Context(), `SELECT 1`)
		if fault.KindOf(postgres.Fault(err)) != fault.KindUnavailable {
			t.Errorf("away: got %v", err)
		}
	}
	server.Start(t)
	if _, err := pool.Exec(t.Context(), `SELECT 1`); err != nil {
		t.Errorf("back: got %v", err)
	}
}

// A query after a restart gets no connection from before it.
func TestOpen_NoConnectionFromBeforeARestart(t *testing.T) {
	server := dbtest.NewServer(t)
	db := server.New(t, empty)
	pool := open(t, postgres.Options{URL: db.URL})
	var held []*pgxpool.Conn
	for range pool.Config().MaxConns {
		conn, err := pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
	}
	for _, conn := range held {
		conn.Release()
	}
	server.Stop(t)
	server.Start(t)
	for i := range held {
		if _, err := pool.Exec(t.Context(), `SELECT 1`); err != nil {
			t.Errorf("query %d after the restart: %v", i+1, err)
		}
	}
}

// Postgres ends the transaction of a suspended process.
func TestFault_IdleInTransaction(t *testing.T) {
	db := dbtest.New(t, empty)
	pool := open(t, postgres.Options{
		URL: db.URL, Settings: map[string]string{"idle_in_transaction_session_timeout": "20ms"},
	})
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The next message of the server is the end of the session.
	_, err = tx.Conn().WaitForNotification(t.Context())
	if fault.KindOf(postgres.Fault(err)) != fault.KindUnavailable {
		t.Errorf("ended while it waited: got %v", err)
	}
	if err := tx.Rollback(t.Context()); !errors.Is(err, pgx.ErrTxClosed) && fault.KindOf(postgres.Fault(err)) != fault.KindUnavailable {
		t.Errorf("rolled back after its end: got %v", err)
	}
}

func TestConstraint(t *testing.T) {
	db := dbtest.New(t, empty)
	if err := postgres.Migrate(t.Context(), db.URL, files(), "things"); err != nil {
		t.Fatal(err)
	}
	_, err := db.Pool(t).Exec(t.Context(), `INSERT INTO things.things VALUES (1, 0)`)
	if got := postgres.Constraint(err); got != "things_n_check" {
		t.Errorf("got %q of %v", got, err)
	}
	if got := postgres.Constraint(errors.New("other")); got != "" {
		t.Errorf("got %q of another error", got)
	}
}

func TestFault_ContextErrors(t *testing.T) {
	db := dbtest.New(t, empty)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := db.Pool(t).Exec(ctx, `SELECT 1`)
	if got := postgres.Fault(err); !errors.Is(got, context.Canceled) || fault.KindOf(got) != fault.KindInternal {
		t.Errorf("got %v", got)
	}
}
