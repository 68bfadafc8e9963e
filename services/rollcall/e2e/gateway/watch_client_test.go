package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/rollcall/cli"
)

// client is a running command of the command line.
type client struct {
	t      *testing.T
	out    *json.Decoder
	stderr buffer
	stop   func()
	code   chan int
}

// buffer is a bytes.Buffer for concurrent use.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// client runs a command in the background whose output is a stream of JSON.
func (s *stack) client(args ...string) *client {
	s.t.Helper()
	ctx, stop := context.WithTimeout(s.t.Context(), patience)
	read, write := io.Pipe()
	c := &client{t: s.t, out: json.NewDecoder(read), stop: stop, code: make(chan int, 1)}
	go func() {
		c.code <- cli.Run(ctx, "", append(args, "--server", s.frontAddr), cli.Streams{In: strings.NewReader(""), Out: write, Err: &c.stderr})
		_ = write.Close()
	}()
	s.t.Cleanup(func() { stop(); _ = read.Close() })
	return c
}

func (c *client) next() map[string]any {
	c.t.Helper()
	var value map[string]any
	if err := c.out.Decode(&value); err != nil {
		c.t.Fatalf("the client: %v\n%s", err, c.stderr.String())
	}
	return value
}

// forgetChanges moves the start of the change log to its end and restarts the inventory, which
// caches the log.
func (s *stack) forgetChanges() {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.inventoryDatabase)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	const sql = `UPDATE change_head SET revision = revision + 1, floor_revision = revision + 1, time = now(), floor_time = now()`
	if _, err := conn.Exec(s.t.Context(), sql); err != nil {
		s.t.Fatal(err)
	}
	s.inventoryProcess.stop()
	s.inventoryProcess.run()
	s.await("ready", func() bool { return s.call("GET", "/readyz", "").status == 200 })
}

const running = inventoryv1.Instance_RUNNING

// TestWatch_CommandLine watches instances across a restart of the inventory without missing a
// change, and checks the errors for invalid and expired tokens.
func TestWatch_CommandLine(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.observe(1, map[string]inventoryv1.Instance_State{"i-1": running})
	c := s.client("instances", "watch", "--existing", "-o", "json")
	if existing, listed := c.next(), c.next(); existing["type"] != "EXISTING" || listed["type"] != "LISTED" {
		t.Errorf("%v, %v", existing, listed)
	}
	s.observe(2, map[string]inventoryv1.Instance_State{"i-1": running, "i-2": running})
	if m := c.next(); m["type"] != "CREATED" || at(m, "instance", "providerId") != "i-2" {
		t.Errorf("%v", m)
	}
	s.inventoryProcess.stop()
	s.await("broken", func() bool { return strings.Contains(c.stderr.String(), "no changes are missed") })
	s.inventoryProcess.run()
	s.await("ready", func() bool { return s.call("GET", "/readyz", "").status == 200 })
	s.observe(3, map[string]inventoryv1.Instance_State{"i-1": inventoryv1.Instance_STOPPED, "i-2": running})
	last := c.next()
	if last["type"] != "CHANGED" || at(last, "instance", "providerId") != "i-1" {
		t.Errorf("%v", last)
	}
	if !strings.Contains(c.stderr.String(), "Reconnected.") {
		t.Errorf("stderr:\n%s", c.stderr.String())
	}
	c.stop()
	if code := <-c.code; code != 130 {
		t.Errorf("exit code %d\n%s", code, c.stderr.String())
	}

	token := last["resumeToken"].(string)
	forged := s.client("instances", "watch", "--resume-token", token, "--filter", "state = RUNNING")
	if code := <-forged.code; code != 1 || !strings.Contains(forged.stderr.String(), "resume_token") {
		t.Errorf("exit code %d\n%s", code, forged.stderr.String())
	}
	s.forgetChanges()
	expired := s.client("instances", "watch", "--resume-token", token)
	if code := <-expired.code; code != 3 || !strings.Contains(expired.stderr.String(), "--existing") {
		t.Errorf("exit code %d\n%s", code, expired.stderr.String())
	}
}

// TestWatch_CommandLineTable checks the output for people: a line for each event, and how to
// resume.
func TestWatch_CommandLineTable(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.observe(1, map[string]inventoryv1.Instance_State{"i-1": running})
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	var out, stderr buffer
	code := make(chan int, 1)
	go func() {
		code <- cli.Run(ctx, "", []string{"instances", "watch", "--existing", "--server", s.frontAddr, "--color", "always"},
			cli.Streams{In: strings.NewReader(""), Out: &out, Err: &stderr})
	}()
	s.await("listed", func() bool { return strings.Contains(stderr.String(), "1 instance listed") })
	s.observe(2, map[string]inventoryv1.Instance_State{"i-1": inventoryv1.Instance_STOPPED})
	s.await("changed", func() bool { return strings.Contains(out.String(), "CHANGED") })
	stop()
	if got := <-code; got != 130 || !strings.Contains(stderr.String(), "--resume-token ") {
		t.Errorf("exit code %d\n%s", got, stderr.String())
	}
	lines := strings.Split(out.String(), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "EXISTING") || !strings.Contains(lines[1], "i-1") ||
		!strings.Contains(lines[1], "STOPPED") || !strings.Contains(lines[1], "(state)") || !strings.Contains(lines[1], "\x1b[33m") {
		t.Errorf("output:\n%s", out.String())
	}
}
