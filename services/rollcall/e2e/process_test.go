package e2e

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is the limit of each wait. A test only reaches it if it hangs.
const patience = 2 * time.Minute

// environment returns the environment of a process: without the developer's own cloud or Rollcall.
func environment(home string, more map[string]string) []string {
	env := map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": home, "TERM": "dumb",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
		"GCE_METADATA_HOST": "127.0.0.1:1", // a closed port
	}
	maps.Copy(env, more)
	var list []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}

// process is a running program.
type process struct {
	cmd    *exec.Cmd
	output *output
	done   chan struct{}
	err    error // the result of Wait; valid after done is closed
}

// start starts a program without a terminal and with closed standard input. The end of the test
// kills it if it is still running.
func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, output: newOutput(), done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.output, p.output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		p.err = cmd.Wait()
	}()
	t.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
		<-p.done
		if t.Failed() {
			t.Logf("output of %s:\n%s", cmd.Path, p.output)
		}
	})
	return p
}

// signal sends a signal.
func (p *process) signal(t *testing.T, sig os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Fatalf("send %s: %v", sig, err)
	}
}

// wait waits for the end and returns the exit code, or -1 after a signal.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatalf("%s does not end:\n%s", p.cmd.Path, p.output)
		return 0
	}
}

// awaitOutput waits until the output contains a text, and returns the output.
func (p *process) awaitOutput(t *testing.T, text string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		output, more := p.output.read()
		if strings.Contains(output, text) {
			return output
		}
		select {
		case <-more:
		case <-p.done:
			if output, _ := p.output.read(); strings.Contains(output, text) {
				return output
			}
			t.Fatalf("%s ended (%v) without printing %q:\n%s", p.cmd.Path, p.err, text, p.output)
		case <-ctx.Done():
			t.Fatalf("%s did not print %q in time:\n%s", p.cmd.Path, text, p.output)
		}
	}
}

// output collects the output of a process. The channel more is closed when there is more of it.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

var _ io.Writer = (*output)(nil)

func newOutput() *output { return &output{more: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.more)
	o.more = make(chan struct{})
	return o.text.Write(p)
}

func (o *output) read() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String(), o.more
}

func (o *output) String() string {
	text, _ := o.read()
	return text
}

// alive reports whether a process with an id exists.
func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// await calls check until it succeeds. It fails with its last error when patience ends.
func await(t *testing.T, what string, check func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		case <-tick.C:
		}
	}
}
