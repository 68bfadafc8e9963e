package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	// Imported so that the go command runs the tests again when the programs change.
	_ "github.com/rollcall-dev/rollcall/services/rollcall/cli"
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "rollcall-e2e-")
	if err == nil {
		err = os.Chmod(dir, 0o755) // a test runs the programs as another user
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	programs.dir = dir
	goleak.VerifyTestMain(cleanup{m})
}

// cleanup removes the programs after the tests.
type cleanup struct{ m *testing.M }

func (c cleanup) Run() int {
	code := c.m.Run()
	if err := os.RemoveAll(programs.dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}

// programs has the programs that were built.
var programs struct {
	dir string

	mu    sync.Mutex
	built map[string]error
}

// program returns the path of one of Rollcall's programs, and builds it first if necessary.
func program(t *testing.T, name string) string {
	t.Helper()
	programs.mu.Lock()
	defer programs.mu.Unlock()
	path := filepath.Join(programs.dir, name)
	err, known := programs.built[name]
	if !known {
		err = build(path, name)
		if programs.built == nil {
			programs.built = map[string]error{}
		}
		programs.built[name] = err
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// build builds a program as `make build` does, each from its own module.
func build(path, name string) error {
	cmd := exec.CommandContext(context.Background(), "go", "build", "-ldflags", "-X main.version=v0-e2e", "-o", path, "./cmd/"+name)
	cmd.Dir = filepath.Join("..", "..", name)
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if output, err := cmd.CombinedOutput(); err != nil {
		return errors.Join(fmt.Errorf("build %s: %w", name, err), errors.New(string(output)))
	}
	return nil
}
