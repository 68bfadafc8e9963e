package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// How long an orphan may take to obey, before a sharper signal follows.
const (
	orphanFast = 30 * time.Second
	orphanQuit = 6 * time.Second // postgres itself kills its children 5 s after SIGQUIT
)

// settlePIDFile makes way for a new postmaster: one that outlived its parent is stopped, and a pid file that names a
// process which is none of ours is removed, as postgres would take it for a live postmaster. The caller holds the lock of
// the folder, so no other rollcall is at work here. Removing the file is safe: children of a dead postmaster still hold its
// shared memory, and postgres looks for that by itself.
func (s *Server) settlePIDFile(ctx context.Context) error {
	pid, err := readPID(s.folder.pidFile())
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil: // cut short while it was written
		return removeFile(s.folder.pidFile())
	}
	pid = max(pid, -pid) // negative for a server in single-user mode
	if !alive(pid) {
		return nil // postgres sees that by itself
	}
	if !isPostmaster(pid, s.folder.data(), s.who) {
		return removeFile(s.folder.pidFile())
	}
	s.cfg.Logger.Warn("stopping a postgres that outlived its rollcall", "pid", pid)
	return stopOrphan(ctx, pid, s.folder.data(), s.who)
}

// stopOrphan stops a postmaster that is no child of this process.
func stopOrphan(ctx context.Context, pid int, dataDir string, who identity) error {
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{
		{syscall.SIGINT, orphanFast}, {syscall.SIGQUIT, orphanQuit}, {syscall.SIGKILL, orphanQuit},
	} {
		if err := syscall.Kill(pid, step.signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stopping the postgres with pid %d that runs on the same data: %w", pid, err)
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

// poll asks until the answer is yes or the context ends.
func poll(ctx context.Context, ask func() bool) bool {
	for !ask() {
		if !pause(ctx, 20*time.Millisecond) {
			return false
		}
	}
	return true
}

// pause waits; false means that the context ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing a stale file: %w", err)
	}
	return nil
}
