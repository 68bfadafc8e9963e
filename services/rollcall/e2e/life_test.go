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

// off is the environment of an `up` that adds no accounts.
var off = map[string]string{"ROLLCALL_DEMO": "off"}

func TestUp_PortInUse(t *testing.T) {
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
		output := r.output.String()
		for _, text := range []string{"port " + port + " is in use by ", "can't listen on " + addr, variable} {
			if !strings.Contains(output, text) {
				t.Errorf("the output lacks %q:\n%s", text, output)
			}
		}
		if holder := fmt.Sprintf("(pid %d)", os.Getpid()); !strings.Contains(output, holder) {
			t.Errorf("the output lacks the holder %s:\n%s", holder, output)
		}
		if _, err := os.Stat(filepath.Join(dir, "postgres")); err == nil {
			t.Error("a database was created before the ports were checked")
		}
	}
}

func TestUp_FolderInUse(t *testing.T) {
	t.Parallel()
	first := up(t, t.TempDir(), off)
	second := launch(t, first.dataDir, off)
	if code := second.wait(t); code != 1 {
		t.Errorf("exit code %d", code)
	}
	output := second.output.String()
	for _, text := range []string{fmt.Sprintf("another rollcall up (pid %d)", first.cmd.Process.Pid), first.dataDir, "ROLLCALL_DATA_DIR"} {
		if !strings.Contains(output, text) {
			t.Errorf("the output lacks %q:\n%s", text, output)
		}
	}
	first.stop(t)
}

func TestUp_FolderCannotBeCreated(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := launch(t, filepath.Join(file, "data"), off)
	if code := r.wait(t); code != 1 || !strings.Contains(r.output.String(), "can't create the data folder") ||
		!strings.Contains(r.output.String(), "ROLLCALL_DATA_DIR") {
		t.Errorf("exit code %d:\n%s", code, r.output)
	}
}

func TestUp_StoppedDuringStart(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		r := launch(t, t.TempDir(), off)
		r.awaitOutput(t, "Creating a database")
		r.signal(t, sig)
		if code := r.wait(t); code != 0 {
			t.Errorf("exit code %d after %s:\n%s", code, sig, r.output)
		}
		checkNoPostgres(t, r.dataDir)
	}
}

func TestUp_SecondSignalForcesExit(t *testing.T) {
	t.Parallel()
	r := up(t, t.TempDir(), off)
	postgres := r.postmaster(t)
	// A stopped Postgres can't exit, so `up` waits for it after the first Ctrl-C.
	if err := syscall.Kill(postgres, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(postgres, syscall.SIGKILL) }()
	r.signal(t, os.Interrupt)
	r.awaitOutput(t, "Stopping.")
	r.signal(t, os.Interrupt)
	if code := r.wait(t); code == 0 {
		t.Errorf("exit code 0 after a forced exit:\n%s", r.output)
	}
}

// checkNoPostgres checks that no Postgres runs on the data folder.
func checkNoPostgres(t *testing.T, dataDir string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dataDir, "postgres", "data", "postmaster.pid"))
	if err != nil {
		return
	}
	line, _, _ := strings.Cut(string(content), "\n")
	if pid, err := strconv.Atoi(line); err == nil && alive(pid) {
		t.Errorf("Postgres (pid %d) is still running", pid)
	}
}

func TestUp_PostgresKilled(t *testing.T) {
	t.Parallel()
	world := newWorld(t)
	r := up(t, t.TempDir(), world.env())
	before := firstSeen(t, r.http)
	if err := syscall.Kill(r.postmaster(t), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	r.awaitOutput(t, "Postgres stopped unexpectedly")
	r.awaitOutput(t, "Postgres is back.")
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
		t.Errorf("sync after the restart of Postgres: exit %d\n%s%s", got.code, got.out, got.stderr)
	}
	r.stop(t)
}

func TestUp_UnprivilegedUser(t *testing.T) {
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
	if output := r.awaitOutput(t, "Ctrl-C stops Rollcall"); !strings.Contains(output, "Postgres in "+r.dataDir) {
		t.Errorf("the data folder is not %s:\n%s", r.dataDir, output)
	}
	connected(t, r.http, demoAccounts)
	r.stop(t)
}

func TestUp_OwnDatabase(t *testing.T) {
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
		t.Error("a database was created in addition to the user's own")
	}
	// Another folder with the same database has the same instances.
	again := up(t, t.TempDir(), env)
	if after := firstSeen(t, again.http); len(after) != len(before) {
		t.Errorf("%d instances, %d before", len(after), len(before))
	}
	server.Stop(t)
	await(t, "readyz fails without the database", func() error {
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

func TestUp_UnreachableDatabase(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"postgres://me:hunter2@127.0.0.1:1/rollcall": "can't use the database of ROLLCALL_DATABASE_URL",
		"postgres://me:hunter2@[broken":              "ROLLCALL_DATABASE_URL is not a valid URL",
	} {
		r := launch(t, t.TempDir(), map[string]string{"ROLLCALL_DATABASE_URL": url})
		code := r.wait(t)
		output := r.output.String()
		if code != 1 || !strings.Contains(output, want) || !strings.Contains(output, "ROLLCALL_DATABASE_URL") || strings.Contains(output, "hunter2") {
			t.Errorf("exit %d:\n%s", code, output)
		}
	}
}
