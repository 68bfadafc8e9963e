package pgserver_test

import (
	"context"
	"errors"
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

// serveVariable makes the test binary run a server in the folder that the variable names.
const serveVariable = "PGSERVER_TEST_SERVE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveVariable); dir != "" {
		os.Exit(serve(dir))
	}
	dir, err := os.MkdirTemp("", "pgserver-tests-") // the library for downloads leaves its logs in TMPDIR
	if err == nil {
		err = errors.Join(os.Chmod(dir, 0o755), os.Setenv("TMPDIR", dir))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		os.RemoveAll(dir)
		os.Exit(status)
	}))
}

// serve prints the address of its server and runs it until the end of the input.
func serve(dir string) int {
	s, err := pgserver.Start(context.Background(), pgserver.Config{DataDir: dir, FsyncOff: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(s.URL("postgres"))
	_, _ = io.Copy(io.Discard, os.Stdin) // an error is an end as well
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
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()         // the error states that it was killed
	})
	if _, err := fmt.Fscan(stdout, &p.url); err != nil {
		t.Fatalf("the other process: %v", err)
	}
	return p
}

// again runs the named tests as another kind of user, in a folder of the given owner.
func again(t *testing.T, owner int, attr *syscall.SysProcAttr, tests ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	t.Parallel()
	dir := public(t)
	if err := os.Chown(dir, owner, owner); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "tests") // others can't enter the folder of go test
	content, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	// A child that another test forks at the same time would have the file open for writing, so
	// that it could not be run.
	syscall.ForkLock.RLock()
	err = os.WriteFile(binary, content, 0o755)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, "-test.run=^("+strings.Join(tests, "|")+")$", "-test.v")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TMPDIR="+dir, "HOME="+dir)
	cmd.SysProcAttr = attr
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if n := strings.Count(string(output), "--- PASS"); n != len(tests) {
		t.Errorf("%d tests passed, want %d:\n%s", n, len(tests), output)
	}
}

const nobody = 65534 // the kernel's overflow uid, which owns nothing

func TestServer_AsPlainUser(t *testing.T) {
	again(t, nobody, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}},
		"TestServer_DataSurviveAStop", "TestServer_IsPrivateAndSafe", "TestStart_SecondServerIsRefused", "TestStart_AfterAKilledParent",
		"TestServer_RestartsKilledPostgres", "TestStart_StalePIDFile", "TestStart_StopsAnOrphan")
}
