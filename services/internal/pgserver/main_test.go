package pgserver_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/rollcall-dev/rollcall/services/internal/pgserver"
)

// serveVariable makes the test binary a program that runs a server in the folder that it names.
const serveVariable = "PGSERVER_TEST_SERVE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveVariable); dir != "" {
		os.Exit(serve(dir))
	}
	goleak.VerifyTestMain(m)
}

// serve prints the address of its server and holds it until its input ends.
func serve(dir string) int {
	s, err := pgserver.Start(context.Background(), pgserver.Config{DataDir: dir, FsyncOff: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(s.URL("postgres"))
	io.Copy(io.Discard, os.Stdin)
	if err := s.Stop(context.Background()); err != nil {
		return 1
	}
	return 0
}

// parent is another process that runs a server.
type parent struct {
	cmd   *exec.Cmd
	stdin io.Closer
	url   string // of its server
}

func startParent(t *testing.T, dir string) *parent {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveVariable+"="+dir)
	cmd.Stderr = t.Output()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &parent{cmd: cmd, stdin: stdin}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	if _, err := fmt.Fscan(stdout, &p.url); err != nil {
		t.Fatalf("the other process: %v", err)
	}
	return p
}

// plainUserTests are the ones that make sense again when the whole binary is not run by root.
const plainUserTests = "^Test(DataOutlive|Second|KilledP|Stale|Cancelled|Hard|Private|Taken|Another)"

// TestAsPlainUser runs other tests once more as nobody.
func TestAsPlainUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("this is a plain user already")
	}
	const nobody = 65534 // the kernel's overflow uid, which owns nothing
	dir, err := os.MkdirTemp("", "pgserver-plain-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "tests") // go test's own folder is closed to others
	content, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(binary, content, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, "-test.run="+plainUserTests, "-test.v")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TMPDIR="+dir, "HOME="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("as nobody: %v\n%s", err, output)
	}
	if n := strings.Count(string(output), "--- PASS"); n < 8 {
		t.Errorf("as nobody only %d tests ran:\n%s", n, output)
	}
}
