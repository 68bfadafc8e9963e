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

// patience bounds each single thing that is waited for. It only says when a test is beyond hope.
const patience = 2 * time.Minute

// environment is what a process of a test sees: nothing of the developer's own cloud or Rollcall.
func environment(home string, more map[string]string) []string {
	env := map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": home, "TERM": "dumb",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
		"GCE_METADATA_HOST": "127.0.0.1:1", // where nobody answers
	}
	maps.Copy(env, more)
	var list []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}

// process is a program that was started.
type process struct {
	cmd    *exec.Cmd
	output *output
	done   chan struct{}
	err    error // how it ended; read it after done
}

// start starts a program without a terminal and with its standard input closed. The end of the test kills it if need be.
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
			t.Logf("%s said:\n%s", cmd.Path, p.output)
		}
	})
	return p
}

// signal sends a signal.
func (p *process) signal(t *testing.T, sig os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Fatalf("sending %s: %v", sig, err)
	}
}

// wait waits for the end and returns the exit code, -1 after a signal.
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

// says waits for a text in the output, and returns all of it.
func (p *process) says(t *testing.T, text string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		said, more := p.output.read()
		if strings.Contains(said, text) {
			return said
		}
		select {
		case <-more:
		case <-p.done:
			if said, _ := p.output.read(); strings.Contains(said, text) {
				return said
			}
			t.Fatalf("%s ended (%v) and never said %q:\n%s", p.cmd.Path, p.err, text, p.output)
		case <-ctx.Done():
			t.Fatalf("%s does not say %q:\n%s", p.cmd.Path, text, p.output)
		}
	}
}

// output keeps what a process prints, and tells when there is more.
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
	said, _ := o.read()
	return said
}

// alive tells whether there is a process with an id.
func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// await asks again and again until check is content, and fails with what it said last when patience ends.
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
