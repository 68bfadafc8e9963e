package pgserver

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestStart_PortTakenByAnotherProgram(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cfg := Config{DataDir: filepath.Join(t.TempDir(), "db"), FsyncOff: true}
	if err := cfg.complete(); err != nil {
		t.Fatal(err)
	}
	s := newServer(cfg)
	picks := 0
	s.pickPort = func(ctx context.Context) (int, error) {
		if picks++; picks == 1 {
			return taken.Addr().(*net.TCPAddr).Port, nil
		}
		return freePort(ctx)
	}
	if err := s.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if picks < 2 || !s.answers(t.Context()) {
		t.Errorf("%d ports were tried; the server answers: %t", picks, s.answers(t.Context()))
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestStart_StopsAnOrphan starts a postmaster that does not end with its parent, and then a
// server on the same data.
func TestStart_StopsAnOrphan(t *testing.T) {
	cfg := Config{DataDir: filepath.Join(t.TempDir(), "db"), FsyncOff: true}
	s, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	cmd, hold, err := command(s.who, s.programs.postgres(), s.folder.data(), s.arguments()...)
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Close()
	orphan, err := launch(cmd, s.who)
	if err != nil {
		t.Fatal(err)
	}
	if !poll(t.Context(), func() bool { return s.answers(t.Context()) }) {
		t.Fatal("the orphan does not answer")
	}

	next, err := Start(t.Context(), cfg)
	if err != nil {
		orphan.quit()
		t.Fatalf("Start beside an orphan: %v", err)
	}
	<-orphan.done
	if orphan.err != nil {
		t.Errorf("the orphan had no clean end: %v", orphan.err)
	}
	if err := next.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestLogFile_Rotate(t *testing.T) {
	l, err := openLog(filepath.Join(t.TempDir(), "postgres.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	write := func(text string) {
		if _, err := l.file.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	write("first")
	if err := l.rotate(100); err != nil || l.since(0) != "first" {
		t.Errorf("a small log: %v, holds %q", err, l.since(0))
	}
	if err := l.rotate(5); err != nil || l.since(0) != "" {
		t.Errorf("a large log: %v, holds %q", err, l.since(0))
	}
	aside, err := os.ReadFile(l.path + ".1")
	if err != nil || string(aside) != "first" {
		t.Errorf("set aside is %q, %v", aside, err)
	}
	write("second")
	if got := l.since(0); got != "second" {
		t.Errorf("after the cut the log holds %q", got)
	}
	if got := l.since(3); got != "ond" {
		t.Errorf("since 3 the log has %q", got)
	}
}

func TestEnvironment_DoesNotConfigurePostgres(t *testing.T) {
	got := strings.Join(environment([]string{"PATH=/bin", "PGDATA=/x", "PGPORT=1", "LC_MESSAGES=de", "LANGUAGE=de", "HOME=/h"}), " ")
	if want := "LC_ALL=C PATH=/bin HOME=/h"; got != want {
		t.Errorf("environment is %q, want %q", got, want)
	}
}

func TestReaches(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "inner")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	for _, c := range []struct {
		name    string
		who     identity
		mode    os.FileMode
		reaches bool
	}{
		{"others", identity{uid: owner.Uid + 1, gid: owner.Gid + 1, switched: true}, 0o755, true},
		{"not others", identity{uid: owner.Uid + 1, gid: owner.Gid + 1, switched: true}, 0o750, false},
		{"group", identity{uid: owner.Uid + 1, gid: owner.Gid, switched: true}, 0o750, true},
		{"not the group", identity{uid: owner.Uid + 1, gid: owner.Gid, switched: true}, 0o705, false},
		{"owner", identity{uid: owner.Uid, gid: owner.Gid, switched: true}, 0o700, true},
	} {
		if err := os.Chmod(dir, c.mode); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.who.mayEnter(info); got != c.reaches {
			t.Errorf("%s: mayEnter = %t", c.name, got)
		}
	}
}
