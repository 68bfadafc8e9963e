package pgserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/retry"
)

// The pauses before restarts after postgres died. They double with each failure, and start
// again once a server has run for a while.
const (
	firstBackoff = 100 * time.Millisecond
	lastBackoff  = 10 * time.Second
	longLife     = time.Minute
)

// logCheck is how often the size of the log is checked.
const logCheck = time.Minute

// exitError is the error of a postgres process that ended unexpectedly.
type exitError struct {
	cause error  // nil for exit status 0
	lines string // the last lines of its log
}

func (e *exitError) Error() string {
	return fmt.Sprintf("%v: %s", unexpected(e.cause), e.lines)
}

func (e *exitError) Unwrap() error { return e.cause }

// supervise keeps postgres running until ctx ends. Then s.child is the last one that ran.
func (s *Server) supervise(ctx context.Context) {
	defer close(s.supervised)
	check := time.NewTicker(logCheck)
	defer check.Stop()
	delay, born := firstBackoff, time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-check.C:
			if err := s.log.rotate(maxLog); err != nil {
				s.cfg.Logger.Warn("the log of postgres could not be rotated", "error", err)
			}
			continue
		case <-s.child.done:
		}
		if time.Since(born) > longLife {
			delay = firstBackoff
		}
		if !s.revive(ctx, &delay) {
			return
		}
		born = time.Now()
	}
}

// revive starts postgres again after it died, until it succeeds. It reports false if ctx
// ends first.
func (s *Server) revive(ctx context.Context, delay *time.Duration) bool {
	status := s.Status()
	status.State, status.PID = Restarting, 0
	status.LastExit = unexpected(s.child.err)
	for {
		s.cfg.Logger.Warn("postgres died and will be started again", "after", *delay, "error", status.LastExit)
		s.setStatus(status)
		if !retry.Wait(ctx, *delay) {
			return false
		}
		*delay = min(2**delay, lastBackoff)
		child, err := s.launch(ctx)
		if err == nil {
			s.child = child
			break
		}
		if ctx.Err() != nil {
			return false
		}
		status.LastExit = err
	}
	status.State, status.PID = Ready, s.child.pid
	status.Restarts++
	s.cfg.Logger.Info("postgres is back", "port", s.port, "restarts", status.Restarts)
	s.setStatus(status)
	return true
}

// unexpected returns the error of a postgres process that ended unexpectedly. A nil err means
// exit status 0, as after a SIGINT from outside.
func unexpected(err error) error {
	if err == nil {
		return errors.New("postgres ended unexpectedly, with exit status 0")
	}
	return fmt.Errorf("postgres ended unexpectedly: %w", err)
}

// launch starts postgres on s.port and waits until it accepts connections. The error is an
// *exitError if postgres ended before that. If ctx ends, it stops the child.
func (s *Server) launch(ctx context.Context) (*process, error) {
	if err := s.settlePIDFile(ctx); err != nil {
		return nil, err
	}
	cmd, hold, err := command(s.who, s.programs.postgres(), s.folder.data(), s.arguments()...)
	if err != nil {
		return nil, err
	}
	defer hold.Close() // a nil file may be closed
	cmd.Stdout, cmd.Stderr = s.log.file, s.log.file
	before := s.log.size()
	child, err := launch(cmd, s.who)
	if err != nil {
		return nil, err
	}
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, 250*time.Millisecond) {
		if s.answers(ctx) {
			return child, nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-child.done:
			timer.Stop()
			return nil, &exitError{cause: child.err, lines: s.log.since(before)}
		case <-ctx.Done():
			timer.Stop()
			child.quit()
			return nil, fmt.Errorf("wait for postgres: %w", context.Cause(ctx))
		}
	}
}

// answers reports whether the server on the port accepts the password, which no other server
// does.
func (s *Server) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return false
	}
	return conn.Close(ctx) == nil
}

// arguments returns the settings on the command line, where they override those of the files
// in the data folder.
func (s *Server) arguments() []string {
	settings := map[string]string{
		"listen_addresses":        "127.0.0.1",
		"unix_socket_directories": "",
		"logging_collector":       "off",
		"log_destination":         "stderr",
		"max_connections":         "200",
	}
	if s.cfg.FsyncOff { // synchronous_commit stays on, so that commits survive the death of postgres
		maps.Copy(settings, map[string]string{"fsync": "off", "full_page_writes": "off"})
	}
	maps.Copy(settings, s.cfg.Settings)
	settings["port"] = strconv.Itoa(s.port)
	var args []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	return args
}

// quit stops a child without a clean shutdown: with SIGQUIT, and then with SIGKILL.
func (p *process) quit() {
	for _, sig := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGKILL} {
		if err := p.signal(sig); err != nil {
			continue
		}
		timer := time.NewTimer(orphanQuit)
		select {
		case <-p.done:
			timer.Stop()
			return
		case <-timer.C:
		}
	}
	<-p.done
}
