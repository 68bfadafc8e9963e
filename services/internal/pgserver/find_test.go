package pgserver_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/pgserver"
)

// public returns a folder that everybody may enter, which t.TempDir is not.
func public(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgserver-public-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// fails starts a server that can't be and returns the error's text.
func fails(t *testing.T, cfg pgserver.Config) string {
	t.Helper()
	s, err := pgserver.Start(t.Context(), cfg)
	if err == nil {
		stop(t, s)
		t.Fatal("Start succeeds")
	}
	return err.Error()
}

func TestFetchedPrograms(t *testing.T) {
	if testing.Short() {
		t.Skip("NOT TESTED with -short, as unpacking takes half a minute under the race detector: fetching Postgres")
	}
	t.Parallel()
	conn, err := net.DialTimeout("tcp", "repo1.maven.org:443", 10*time.Second)
	if err != nil {
		t.Skipf("NOT TESTED, as the network is away: fetching Postgres from Maven Central: %v", err)
	}
	conn.Close()
	cfg := config(t, filepath.Join(t.TempDir(), "db"))
	cfg.FetchOnly = true
	cfg.CacheDir = filepath.Join(public(t), "not", "there", "yet")
	s := start(t, cfg)
	if got := query(t, s.URL("postgres"), "SHOW server_version_num"); !strings.HasPrefix(got, "18") || s.Version() != 18 {
		t.Errorf("version %s, Version() = %d; want 18", got, s.Version())
	}
	keep(t, s.URL("postgres"))
	stop(t, s)

	cfg.RepositoryURL = "http://127.0.0.1:1" // from here on the cache must do
	again := start(t, cfg)
	kept(t, again.URL("postgres"))
	left, err := filepath.Glob(filepath.Join(cfg.CacheDir, "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("the cache holds %v, %v; want one folder", left, err)
	}
}

func TestNoPostgresAndNoNetwork(t *testing.T) {
	cfg := config(t, filepath.Join(t.TempDir(), "db"))
	cfg.FetchOnly = true
	cfg.CacheDir = public(t)
	cfg.RepositoryURL = "http://127.0.0.1:1"
	text := fails(t, cfg)
	for _, want := range []string{"install PostgreSQL 14 or newer", "ROLLCALL_DATABASE_URL", "127.0.0.1:1"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not mention %q", text, want)
		}
	}
}

func TestForgedArchive(t *testing.T) {
	t.Parallel()
	mirror := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("not what you think"))
	}))
	defer mirror.Close()
	cfg := config(t, filepath.Join(t.TempDir(), "db"))
	cfg.FetchOnly = true
	cfg.CacheDir = public(t)
	cfg.RepositoryURL = mirror.URL
	if text := fails(t, cfg); !strings.Contains(text, "not the archive that was expected") {
		t.Errorf("error is %q", text)
	}
	if left, _ := os.ReadDir(cfg.CacheDir); len(left) > 0 {
		t.Errorf("the cache holds %v", left)
	}
}

// fake makes an installation that only knows its version.
func fake(t *testing.T, version string) string {
	t.Helper()
	dir := public(t)
	script := "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + "'\n"
	for _, name := range []string{"postgres", "initdb"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestProgramsDir(t *testing.T) {
	for _, c := range []struct{ name, dir, want string }{
		{"too old", fake(t, "13.4 (Debian)"), "is version 13, too old"},
		{"no version", fake(t, "unknown"), "unknown version"},
		{"empty", public(t), "no usable postgres in"},
	} {
		cfg := config(t, filepath.Join(t.TempDir(), "db"))
		cfg.ProgramsDir = c.dir
		if text := fails(t, cfg); !strings.Contains(text, c.want) || !strings.Contains(text, c.dir) {
			t.Errorf("%s: error is %q, want %q", c.name, text, c.want)
		}
	}
}

func TestProgramsOutOfReach(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root has that problem")
	}
	cfg := config(t, filepath.Join(t.TempDir(), "db"))
	cfg.ProgramsDir = fake(t, "15.1")
	if err := os.Chmod(cfg.ProgramsDir, 0o700); err != nil {
		t.Fatal(err)
	}
	if text := fails(t, cfg); !strings.Contains(text, "can't be reached by the user with id") {
		t.Errorf("error is %q", text)
	}
}
