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
	done chan struct{} // closed when the child was waited for
	err  error         // how it ended; read it after done
}

// launch starts cmd from a thread that lives as long as the child: the kernel's signal at the death of the parent is
// bound to the thread that made the child, see PR_SET_PDEATHSIG in prctl(2).
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
		return nil, fmt.Errorf("starting %s for the user with id %d in a user namespace: %w: %w", cmd.Path, who.uid, err, errAnotherUser)
	case who.switched:
		return nil, fmt.Errorf("starting %s as the user with id %d: %w: %w", cmd.Path, who.uid, err, errAnotherUser)
	default:
		return nil, fmt.Errorf("starting %s: %w", cmd.Path, err)
	}
}

// signal sends a signal to a child that may have ended.
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

// ended tells whether the child was waited for.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// command prepares one of the programs on the data folder, run as who. The first file in hold, when there is one, must
// stay open until the child has started.
func command(who identity, program, dataDir string, args ...string) (cmd *exec.Cmd, hold *os.File, err error) {
	cmd = exec.Command(program) //nolint:noctx // a context would kill it; shutDown and quit end it in order
	cmd.Env = environment(os.Environ())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	endWithParent(cmd.SysProcAttr)
	if who.alias != nil {
		enterNamespace(cmd.SysProcAttr, who)
	}
	if who.switched {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: who.uid, Gid: who.gid}
		cmd.Dir = "/" // the current folder may be one that the user may not enter
		if dataDir, hold, err = handOver(cmd, dataDir, who); err != nil {
			return nil, nil, err
		}
	}
	cmd.Args = append([]string{program, "-D", dataDir}, args...)
	return cmd, hold, nil
}

// environment is the parent's without what would steer Postgres or change the language of its messages.
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
