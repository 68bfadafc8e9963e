package pgserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// process is a running child.
type process struct {
	pid  int
	done chan struct{} // closed when the child has ended
	err  error         // how it ended; read it after done
}

// launch starts cmd from a thread that lives as long as the child, because the kernel sends the
// signal when the thread that created the child ends, see PR_SET_PDEATHSIG in prctl(2).
func launch(cmd *exec.Cmd, who identity) (*process, error) {
	p := &process{done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	err := <-started
	switch {
	case err == nil:
		return p, nil
	case who.alias != nil:
		return nil, fmt.Errorf("start %s for the user with id %d in a user namespace: %w: %w", cmd.Path, who.uid, err, errAnotherUser)
	case who.switched:
		return nil, fmt.Errorf("start %s as the user with id %d: %w: %w", cmd.Path, who.uid, err, errAnotherUser)
	default:
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
}

// signal sends a signal to a child, which may have ended.
func (p *process) signal(sig syscall.Signal) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	if err := syscall.Kill(p.pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// ended reports whether the child has ended.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// command returns the command of a program on the data folder, run as who. If hold is not
// nil, it must stay open until the child has started.
func command(who identity, program, dataDir string, args ...string) (cmd *exec.Cmd, hold *os.File, err error) {
	cmd = exec.Command(program) //nolint:noctx // a context would kill it; shutDown and quit stop it
	cmd.Env = environment(os.Environ())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	endWithParent(cmd.SysProcAttr)
	if who.alias != nil {
		enterNamespace(cmd.SysProcAttr, who)
	}
	if who.switched {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: who.uid, Gid: who.gid}
		cmd.Dir = "/" // the user may not be allowed to enter the current folder
		if dataDir, hold, err = handOver(cmd, dataDir, who); err != nil {
			return nil, nil, err
		}
	}
	cmd.Args = append([]string{program, "-D", dataDir}, args...)
	return cmd, hold, nil
}

// environment returns the environment of the parent without variables that configure Postgres
// or change the language of its messages.
func environment(parent []string) []string {
	env := []string{"LC_ALL=C"}
	for _, entry := range parent {
		if strings.HasPrefix(entry, "PG") || strings.HasPrefix(entry, "LC_") || strings.HasPrefix(entry, "LANG") {
			continue
		}
		env = append(env, entry)
	}
	return env
}
