package pgserver_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/pgserver"
)

// config is a server of the test's own in dir, quick and unsafe.
func config(t *testing.T, dir string) pgserver.Config {
	return pgserver.Config{DataDir: dir, FsyncOff: true, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))}
}

// start starts a server that the end of the test stops.
func start(t *testing.T, cfg pgserver.Config) *pgserver.Server {
	t.Helper()
	s, err := pgserver.Start(t.Context(), cfg)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *pgserver.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

// query runs statements on a connection of their own and returns the last one's first value.
func query(t *testing.T, url string, statements ...string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer conn.Close(context.Background())
	var value string
	for i, sql := range statements {
		if i < len(statements)-1 {
			_, err = conn.Exec(t.Context(), sql)
		} else {
			err = conn.QueryRow(t.Context(), sql).Scan(&value)
		}
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	return value
}

func TestDataOutliveTheServer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	first := start(t, config(t, dir))
	query(t, first.URL("postgres"), "CREATE TABLE kept (v text)", "INSERT INTO kept VALUES ('still here') RETURNING v")
	stop(t, first)

	second := start(t, config(t, dir))
	if got := query(t, second.URL("postgres"), "SELECT v FROM kept"); got != "still here" {
		t.Errorf("kept = %q", got)
	}
}
