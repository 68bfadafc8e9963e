package pgserver_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/pgserver"
)

// config returns the config of a fast and unsafe server in dir.
func config(t *testing.T, dir string) pgserver.Config {
	t.Helper()
	return pgserver.Config{DataDir: dir, FsyncOff: true, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))}
}

// start starts a server that is stopped at the end of the test.
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

// query runs statements on a new connection and returns the first value of the last one.
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

// keep stores a value that kept finds.
func keep(t *testing.T, url string) {
	t.Helper()
	query(t, url, "CREATE TABLE kept (v text)", "INSERT INTO kept VALUES ('still here') RETURNING v")
}

func kept(t *testing.T, url string) {
	t.Helper()
	if got := query(t, url, "SELECT v FROM kept"); got != "still here" {
		t.Errorf("kept = %q", got)
	}
}

func TestServer_DataSurviveAStop(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "db")
	first := start(t, config(t, dir))
	keep(t, first.URL("postgres"))
	stop(t, first)
	if state := first.Status().State; state != pgserver.Stopped {
		t.Errorf("after Stop the state is %s", state)
	}

	second := start(t, config(t, dir))
	kept(t, second.URL("postgres"))
}

func TestServer_IsPrivateAndSafe(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "db")
	s := start(t, config(t, dir))
	for setting, want := range map[string]string{
		"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "data_checksums": "on",
		"server_encoding": "UTF8", "lc_collate": "C", "password_encryption": "scram-sha-256",
	} {
		sql := "SELECT coalesce((SELECT setting FROM pg_settings WHERE name = '" + setting + "'), 'C')" // lc_collate went in 16
		if got := query(t, s.URL("postgres"), sql); got != want {
			t.Errorf("%s = %q, want %q", setting, got, want)
		}
	}
	address, err := url.Parse(s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword("postgres", "guess")
	if conn, err := pgx.Connect(t.Context(), address.String()); err == nil {
		conn.Close(context.Background())
		t.Error("a wrong password is accepted")
	}
	for path, want := range map[string]os.FileMode{"": 0o700, "password": 0o600, "data": 0o700, "postgres.log": 0o600} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v; want %v", path, info.Mode().Perm(), err, want)
		}
	}
	if group, err := syscall.Getpgid(s.Status().PID); err != nil || group != s.Status().PID {
		t.Errorf("postgres %d is in process group %d, %v: a Ctrl-C would reach it", s.Status().PID, group, err)
	}
}

func TestStart_SecondServerIsRefused(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "db")
	first := startParent(t, dir)
	_, err := pgserver.Start(t.Context(), config(t, dir))
	var locked *pgserver.LockedError
	if !errors.As(err, &locked) || locked.PID != first.cmd.Process.Pid || locked.Dir != dir {
		t.Errorf("Start on a folder in use: %v, want a LockedError with pid %d", err, first.cmd.Process.Pid)
	}
	query(t, first.url, "SELECT 'unharmed'")

	first.stdin.Close()
	if err := first.cmd.Wait(); err != nil {
		t.Errorf("the first server's process: %v", err)
	}
	start(t, config(t, dir))
}

func TestStart_AfterAKilledParent(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "db")
	victim := startParent(t, dir)
	keep(t, victim.url)
	if err := victim.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = victim.cmd.Wait() // the error states that it was killed

	s := start(t, config(t, dir))
	kept(t, s.URL("postgres"))
	if conn, err := pgx.Connect(t.Context(), victim.url); err == nil && s.URL("postgres") != victim.url {
		conn.Close(context.Background())
		t.Errorf("the killed parent's postgres still answers")
	}
}

func TestServer_RestartsKilledPostgres(t *testing.T) {
	t.Parallel()
	changes := make(chan pgserver.Status, 100)
	cfg := config(t, filepath.Join(t.TempDir(), "db"))
	cfg.OnChange = func(status pgserver.Status) { changes <- status }
	s := start(t, cfg)
	keep(t, s.URL("postgres"))
	next := func() pgserver.Status {
		select {
		case status := <-changes:
			return status
		case <-time.After(time.Minute):
			t.Fatalf("nothing happens, the state stays %+v", s.Status())
			panic("unreachable")
		}
	}
	first := next()
	for restarts := 1; restarts <= 2; restarts++ {
		if err := syscall.Kill(s.Status().PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		status := next()
		if status.State != pgserver.Restarting || status.LastExit == nil || status.PID != 0 {
			t.Errorf("after a kill the status is %+v", status)
		}
		for status.State == pgserver.Restarting { // more than one if remains prevent the start
			status = next()
		}
		if status.State != pgserver.Ready || status.Restarts != restarts || status.PID == first.PID {
			t.Errorf("after restart %d the status is %+v", restarts, status)
		}
		kept(t, s.URL("postgres"))
	}
	stop(t, s)
	if status := next(); status.State != pgserver.Stopped {
		t.Errorf("after Stop the status is %+v", status)
	}
}

func TestStart_StalePIDFile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "db")
	s := start(t, config(t, dir))
	stop(t, s)
	stranger := exec.Command("sleep", "1000")
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = stranger.Process.Kill() // it may have ended, which the test checks
		_ = stranger.Wait()         // the error states that it was killed
	}()

	for what, content := range map[string]string{
		"reused": strconv.Itoa(stranger.Process.Pid) + "\n" + dir + "\n1\n5432\n",
		"cut":    "",
		"dead":   "2147483646\n",
	} {
		pidFile := filepath.Join(dir, "data", "postmaster.pid")
		if err := os.WriteFile(pidFile, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		s := start(t, config(t, dir))
		query(t, s.URL("postgres"), "SELECT 'up'")
		stop(t, s)
		if t.Failed() {
			t.Errorf("with a pid file that is %s", what)
		}
	}
	if err := stranger.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the process with the reused pid was ended: %v", err)
	}
}

func TestStop_KillLosesNoCommit(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "db")
	s, err := pgserver.Start(t.Context(), config(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	keep(t, s.URL("postgres"))
	pid := s.Status().PID
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil { // so that a fast shutdown has no chance
		t.Fatal(err)
	}
	hopeless, cancel := context.WithCancel(context.Background())
	cancel()
	resume := time.AfterFunc(time.Second, func() { _ = syscall.Kill(pid, syscall.SIGCONT) }) // it may have ended
	defer resume.Stop()
	if err := s.Stop(hopeless); !errors.Is(err, context.Canceled) {
		t.Errorf("Stop: %v, want the error of the context", err)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("postgres %d is still there: %v", pid, err)
	}
	again := start(t, config(t, dir))
	kept(t, again.URL("postgres"))
}

func TestStart_CancelledLeavesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	for _, patience := range []time.Duration{0, 100 * time.Millisecond, 400 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		s, err := pgserver.Start(ctx, config(t, dir))
		cancel()
		switch {
		case err == nil: // the start was faster
			stop(t, s)
		case !errors.Is(err, context.DeadlineExceeded):
			t.Errorf("Start with %v: %v, want the error of the context", patience, err)
		}
	}
	start(t, config(t, dir))
	unfinished, err := filepath.Glob(filepath.Join(dir, "data.*"))
	if err != nil || len(unfinished) > 0 {
		t.Errorf("left over: %v, %v", unfinished, err)
	}
}

func TestStart_PortInUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cfg := config(t, filepath.Join(t.TempDir(), "db"))
	cfg.Port = taken.Addr().(*net.TCPAddr).Port
	_, err = pgserver.Start(t.Context(), cfg)
	if err == nil || !strings.Contains(err.Error(), "port "+strconv.Itoa(cfg.Port)+" of 127.0.0.1 is taken") {
		t.Errorf("Start: %v, want it to name the port", err)
	}
}

func TestStart_DataOfAnotherVersion(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "db")
	stop(t, start(t, config(t, dir)))
	if err := os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("11\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := pgserver.Start(t.Context(), config(t, dir))
	if err == nil || !strings.Contains(err.Error(), "was created by Postgres 11") {
		t.Errorf("Start: %v, want it to name the version", err)
	}
}

func TestStart_FoldersOfRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root has that problem")
	}
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(closed) // the current folder is out of reach as well
	s := start(t, config(t, "db"))
	query(t, s.URL("postgres"), "CREATE DATABASE other", "SELECT 'reload ' || pg_reload_conf()")
	query(t, s.URL("other"), "SELECT 'fine'")
}
