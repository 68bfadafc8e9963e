package up

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/pgserver"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recordedScreen is a screen that stores its text, and cancels a context when the text contains
// until.
type recordedScreen struct {
	mu   sync.Mutex
	text bytes.Buffer

	until string
	stop  context.CancelFunc
}

func (p *recordedScreen) Write(line []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text.Write(line)
	if p.until != "" && strings.Contains(p.text.String(), p.until) {
		p.stop()
	}
	return len(line), nil
}

func (p *recordedScreen) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

func (p *recordedScreen) screen(log *recordedScreen) Screen {
	plain := func(text string) string { return text }
	return Screen{Out: p, Program: "rollcall", Bold: plain, Dim: plain, Good: plain, Warn: plain, LogOut: log}
}

func config(t *testing.T, demo Demo) Config {
	t.Helper()
	return Config{
		DataDir: t.TempDir(), HTTP: serve.Address("127.0.0.1:0"), GRPC: serve.Address("127.0.0.1:0"),
		SyncInterval: time.Minute, Demo: demo, Logging: serve.Logging{Format: "text"},
	}
}

// TestRun_StoppedAtAnyPoint checks that `up` closes everything when it is stopped during and after
// the start. TestMain fails if goroutines are left.
func TestRun_StoppedAtAnyPoint(t *testing.T) {
	for _, until := range []string{"Creating a database", "Rollcall is up.", "Ctrl-C stops"} {
		ctx, stop := context.WithCancel(t.Context())
		p := &recordedScreen{until: until, stop: stop}
		log := &recordedScreen{}
		cfg := config(t, DemoOn)
		if err := Run(ctx, cfg, p.screen(log)); err != nil {
			t.Errorf("stopped at %q: %v", until, err)
		}
		if got := p.String(); !strings.HasSuffix(got, "Stopped.\n") {
			t.Errorf("stopped at %q: output\n%s\nlog\n%s", until, got, log)
		}
		if _, err := os.Stat(filepath.Join(cfg.DataDir, "postgres", "data", "postmaster.pid")); err == nil {
			t.Errorf("stopped at %q: Postgres is still running", until)
		}
	}
}

func TestRun_InvalidSyncInterval(t *testing.T) {
	cfg := config(t, DemoOff)
	cfg.SyncInterval = -time.Second
	p := &recordedScreen{}
	err := Run(t.Context(), cfg, p.screen(nil))
	if f, ok := errors.AsType[*fault.Error](err); !ok || !strings.Contains(f.Remedy, "ROLLCALL_SYNC_INTERVAL") {
		t.Errorf("error is %v", err)
	}
}

func TestLogFile_Rotates(t *testing.T) {
	dir := t.TempDir()
	log, err := openLogFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	line := bytes.Repeat([]byte("x"), maxLog/2)
	for range 3 {
		if _, err := log.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int64{logName: maxLog / 2, logName + ".1": maxLog} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() != want {
			t.Errorf("%s: %v, %v; want %d bytes", name, info, err, want)
		}
	}
}

func TestDefaultDataDir(t *testing.T) {
	if os.Geteuid() == 0 {
		if dir, err := defaultDataDir(); err != nil || dir != "/var/lib/rollcall" {
			t.Errorf("data folder of root: %s, %v", dir, err)
		}
		return
	}
	t.Setenv("HOME", "/home/me")
	for xdg, want := range map[string]string{
		"": "/home/me/.local/share/rollcall", "relative": "/home/me/.local/share/rollcall", "/data": "/data/rollcall",
	} {
		t.Setenv("XDG_DATA_HOME", xdg)
		if dir, err := defaultDataDir(); err != nil || dir != want {
			t.Errorf("XDG_DATA_HOME=%s: %s, %v", xdg, dir, err)
		}
	}
}

func TestReachedAt(t *testing.T) {
	at := &net.TCPAddr{IP: net.IPv6unspecified, Port: 41234}
	for configured, want := range map[string]string{
		":0": "localhost:41234", "0.0.0.0:0": "localhost:41234", "[::]:0": "localhost:41234", "[::1]:0": "[::1]:41234",
		"localhost:0": "localhost:41234", "10.0.0.7:0": "10.0.0.7:41234",
	} {
		if got := reachedAt(serve.Address(configured), at); got != want {
			t.Errorf("%s: %s, want %s", configured, got, want)
		}
	}
}

func TestPrinter_PostgresChanges(t *testing.T) {
	p := &recordedScreen{}
	out := &printer{screen: p.screen(nil)}
	for _, state := range []pgserver.State{pgserver.Ready, pgserver.Restarting, pgserver.Restarting, pgserver.Ready, pgserver.Stopped} {
		out.postgres(pgserver.Status{State: state})
	}
	if got := p.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, "Postgres is back.") {
		t.Errorf("output\n%s", got)
	}
}

func TestProblem(t *testing.T) {
	reason := commonv1.ErrorReason_PERMISSION_DENIED
	account := func(status accountsv1.Connection_Status) *accountsv1.Account {
		return &accountsv1.Account{Name: "accounts/a", DisplayName: "payments", Connection: &accountsv1.Connection{
			Status: status, Reason: &reason, LastError: "it is forbidden.", Remedy: "Allow it.",
		}}
	}
	for status, want := range map[accountsv1.Connection_Status]string{
		accountsv1.Connection_CONNECTED: "",
		accountsv1.Connection_FAILED:    "payments could not be read: it is forbidden. Allow it.",
		accountsv1.Connection_DEGRADED:  "payments could only be read in part: it is forbidden. Allow it.",
	} {
		if got := problem(account(status)); got != want {
			t.Errorf("%s: %q, want %q", status, got, want)
		}
	}
}
