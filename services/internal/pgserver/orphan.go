package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/retry"
)

// How long an orphan may take to end before the next signal.
const (
	orphanFast = 30 * time.Second
	orphanQuit = 6 * time.Second // postgres itself kills its children 5 s after SIGQUIT
)

// settlePIDFile prepares the folder for a new postmaster. It stops a postmaster that outlived its
// parent, and removes a pid file with the pid of another program, which postgres would take for a
// live postmaster. The caller holds the lock of the folder, so that no other rollcall uses it.
// Removing the file is safe: children of a dead postmaster still have its shared memory, which
// postgres checks by itself.
func (s *Server) settlePIDFile(ctx context.Context) error {
	pid, err := readPID(s.folder.pidFile())
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil: // it was not written completely
		return removeFile(s.folder.pidFile())
	}
	pid = max(pid, -pid) // negative for a server in single-user mode
	if !alive(pid) {
		return nil // postgres handles that by itself
	}
	if !isPostmaster(pid, s.folder.data(), s.who) {
		return removeFile(s.folder.pidFile())
	}
	s.cfg.Logger.Warn("stopping an orphaned postgres", "pid", pid)
	return stopOrphan(ctx, pid, s.folder.data(), s.who)
}

// stopOrphan stops a postmaster that is not a child of this process.
func stopOrphan(ctx context.Context, pid int, dataDir string, who identity) error {
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{
		{syscall.SIGINT, orphanFast}, {syscall.SIGQUIT, orphanQuit}, {syscall.SIGKILL, orphanQuit},
	} {
		if err := syscall.Kill(pid, step.signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop the postgres with pid %d that runs on the same data: %w", pid, err)
		}
		patience, cancel := context.WithTimeout(ctx, step.wait)
		gone := poll(patience, func() bool { return !alive(pid) || !isPostmaster(pid, dataDir, who) })
		cancel()
		if gone {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return fmt.Errorf("the postgres with pid %d, which runs on the same data, does not end", pid)
}

// poll calls ask until it returns true or the context ends.
func poll(ctx context.Context, ask func() bool) bool {
	for !ask() {
		if !retry.Wait(ctx, 20*time.Millisecond) {
			return false
		}
	}
	return true
}

func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove a stale file: %w", err)
	}
	return nil
}
