package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
)

func root() bool { return os.Geteuid() == 0 }

// off is the environment of an `up` that shows nothing by itself.
var off = map[string]string{"ROLLCALL_DEMO": "off"}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	addr := lis.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	for _, variable := range []string{"ROLLCALL_HTTP_ADDR", "ROLLCALL_GRPC_ADDR"} {
		dir := t.TempDir()
		r := launch(t, dir, map[string]string{variable: addr})
		if code := r.wait(t); code != 1 {
			t.Errorf("exit code %d", code)
		}
		said := r.output.String()
		for _, text := range []string{"port " + port + " is in use by ", "can't listen on " + addr, variable} {
			if !strings.Contains(said, text) {
				t.Errorf("%q is not said:\n%s", text, said)
			}
		}
		if holder := fmt.Sprintf("(pid %d)", os.Getpid()); !strings.Contains(said, holder) {
			t.Errorf("the holder %s is not named:\n%s", holder, said)
		}
		if _, err := os.Stat(filepath.Join(dir, "postgres")); err == nil {
			t.Error("a database was made before the ports were looked at")
		}
	}
}

func TestTwoOnOneFolder(t *testing.T) {
	t.Parallel()
	first := up(t, t.TempDir(), off)
	second := launch(t, first.dataDir, off)
	if code := second.wait(t); code != 1 {
		t.Errorf("exit code %d", code)
	}
	said := second.output.String()
	for _, text := range []string{fmt.Sprintf("another rollcall up (pid %d)", first.cmd.Process.Pid), first.dataDir, "ROLLCALL_DATA_DIR"} {
		if !strings.Contains(said, text) {
			t.Errorf("%q is not said:\n%s", text, said)
		}
	}
	first.stop(t)
}

func TestFolderThatCannotBeMade(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := launch(t, filepath.Join(file, "data"), off)
	if code := r.wait(t); code != 1 || !strings.Contains(r.output.String(), "the data folder can't be made") ||
		!strings.Contains(r.output.String(), "ROLLCALL_DATA_DIR") {
		t.Errorf("exit code %d:\n%s", code, r.output)
	}
}

func TestEndedWhileItStarts(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		r := launch(t, t.TempDir(), off)
		r.says(t, "Making a database")
		r.signal(t, sig)
		if code := r.wait(t); code != 0 {
			t.Errorf("exit code %d after %s:\n%s", code, sig, r.output)
		}
		checkNoPostgres(t, r.dataDir)
	}
}

func TestSecondSignalForces(t *testing.T) {
	t.Parallel()
	r := up(t, t.TempDir(), off)
	postgres := r.postmaster(t)
	// Held by a job-control stop, postgres can't end: neither does the first Ctrl-C, which waits for it.
	if err := syscall.Kill(postgres, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(postgres, syscall.SIGKILL) }()
	r.signal(t, os.Interrupt)
	r.says(t, "Stopping.")
	r.signal(t, os.Interrupt)
	if code := r.wait(t); code == 0 {
		t.Errorf("a forced end looks like a clean one:\n%s", r.output)
	}
}

// checkNoPostgres looks for a postgres on the data folder.
func checkNoPostgres(t *testing.T, dataDir string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dataDir, "postgres", "data", "postmaster.pid"))
	if err != nil {
		return
	}
	line, _, _ := strings.Cut(string(content), "\n")
	if pid, err := strconv.Atoi(line); err == nil && alive(pid) {
		t.Errorf("postgres (pid %d) was left behind", pid)
	}
}

func TestPostgresKilled(t *testing.T) {
	t.Parallel()
	world := newWorld(t)
	r := up(t, t.TempDir(), world.env())
	before := firstSeen(t, r.http)
	if err := syscall.Kill(r.postmaster(t), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	r.says(t, "Postgres ended by itself")
	r.says(t, "Postgres is back.")
	await(t, "readyz recovers", func() error {
		code, err := get(t.Context(), r.http, "/readyz", nil)
		if err == nil && code != http.StatusOK {
			err = fmt.Errorf("status %d", code)
		}
		return err
	})
	if after := firstSeen(t, r.http); len(after) != len(before) {
		t.Errorf("%d instances, %d before", len(after), len(before))
	}
	if got := r.run(t, "sync", "aws-"+world.account); got.code != 0 {
		t.Errorf("a sync after the fall of Postgres: exit %d\n%s%s", got.code, got.out, got.stderr)
	}
	r.stop(t)
}

func TestAsAPlainUser(t *testing.T) {
	t.Parallel()
	home, dir := t.TempDir(), filepath.Join(t.TempDir(), "data")
	cmd := exec.Command(program(t, "rollcall"), "up")
	cmd.Env = environment(home, map[string]string{
		"XDG_DATA_HOME": dir, "ROLLCALL_HTTP_ADDR": free["ROLLCALL_HTTP_ADDR"], "ROLLCALL_GRPC_ADDR": free["ROLLCALL_GRPC_ADDR"],
	})
	if root() {
		asNobody(t, cmd, home, filepath.Dir(dir))
	}
	r := &rollcall{process: start(t, cmd), dataDir: filepath.Join(dir, "rollcall")}
	r.ready(t)
	if said := r.says(t, "Ctrl-C stops Rollcall"); !strings.Contains(said, "Postgres in "+r.dataDir) {
		t.Errorf("the data are not in %s:\n%s", r.dataDir, said)
	}
	connected(t, r.http, demoAccounts)
	r.stop(t)
}

func TestDatabaseOfTheUsersOwn(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t)
	url := server.New(t, dbtest.Template{}).AdminURL
	world := newWorld(t)
	env := world.env()
	env["ROLLCALL_DATABASE_URL"] = url
	r := up(t, t.TempDir(), env)
	connected(t, r.http, 1)
	before := firstSeen(t, r.http)
	r.signal(t, syscall.SIGTERM)
	if code := r.wait(t); code != 0 {
		t.Errorf("exit code %d:\n%s", code, r.output)
	}
	if _, err := os.Stat(filepath.Join(r.dataDir, "postgres")); err == nil {
		t.Error("a database was made beside the user's own")
	}
	// Another folder, the same database: all is still there.
	again := up(t, t.TempDir(), env)
	if after := firstSeen(t, again.http); len(after) != len(before) {
		t.Errorf("%d instances, %d before", len(after), len(before))
	}
	server.Stop(t)
	await(t, "readyz tells that the database is away", func() error {
		code, err := get(t.Context(), again.http, "/readyz", nil)
		if err == nil && code != http.StatusServiceUnavailable {
			err = fmt.Errorf("status %d", code)
		}
		return err
	})
	if got := again.run(t, "instances", "list"); got.code != 1 || !strings.Contains(got.stderr, "database is not available") {
		t.Errorf("exit %d: %s", got.code, got.stderr)
	}
	server.Start(t)
	await(t, "lists recover", func() error {
		_, err := instances(t.Context(), again.http, "")
		return err
	})
	again.signal(t, os.Interrupt)
	if code := again.wait(t); code != 0 {
		t.Errorf("exit code %d:\n%s", code, again.output)
	}
}

func TestDatabaseThatIsNotThere(t *testing.T) {
	t.Parallel()
	for url, says := range map[string]string{
		"postgres://me:hunter2@127.0.0.1:1/rollcall": "your own database can't be used",
		"postgres://me:hunter2@[broken":              "ROLLCALL_DATABASE_URL can't be read",
	} {
		r := launch(t, t.TempDir(), map[string]string{"ROLLCALL_DATABASE_URL": url})
		code := r.wait(t)
		said := r.output.String()
		if code != 1 || !strings.Contains(said, says) || !strings.Contains(said, "ROLLCALL_DATABASE_URL") || strings.Contains(said, "hunter2") {
			t.Errorf("exit %d:\n%s", code, said)
		}
	}
}
