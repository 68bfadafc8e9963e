package pgserver_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/internal/pgserver"
)

// public returns a folder that everybody can enter, unlike t.TempDir.
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

// fails starts a server that can't start and returns the text of the error.
func fails(t *testing.T, cfg pgserver.Config) string {
	t.Helper()
	s, err := pgserver.Start(t.Context(), cfg)
	if err == nil {
		stop(t, s)
		t.Fatal("Start succeeds")
	}
	return err.Error()
}

// fake creates an installation that can only print its version.
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

func TestProgramsDir_OutOfReach(t *testing.T) {
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
