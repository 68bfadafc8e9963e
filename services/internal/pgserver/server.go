package pgserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/retry"
)

// State is the state of the postgres process of a Server.
type State string

// The states of a Server, see the overview of the package.
const (
	Ready      State = "READY"
	Restarting State = "RESTARTING"
	Stopped    State = "STOPPED"
)

// Status is the status of the postgres process of a Server.
type Status struct {
	State    State
	PID      int   // of the postmaster; 0 unless READY
	Restarts int   // how often postgres was started again after it had died unexpectedly
	LastExit error // why postgres died last, or could not be started again; nil if it never did
}

// Server is a running Postgres. Its methods are safe for concurrent use.
type Server struct {
	cfg      Config
	folder   folder
	lock     *os.File
	log      *logFile
	who      identity
	programs programs
	password string
	port     int
	pickPort func(context.Context) (int, error) // freePort, but for tests

	endSupervision context.CancelFunc
	supervised     chan struct{} // closed when the supervisor has returned
	child          *process      // the supervisor's; Stop's once supervised is closed

	stop    sync.Once
	stopErr error

	mu     sync.Mutex
	status Status
}

// Start starts the server, creates its database if there is none, and waits until it
// accepts connections. The context limits the start only; Stop stops the server. If a live
// process uses the folder, the error is a *LockedError.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	s := newServer(cfg)
	if err := s.start(ctx); err != nil {
		return nil, fmt.Errorf("pgserver: %w", err)
	}
	return s, nil
}

func newServer(cfg Config) *Server {
	return &Server{cfg: cfg, folder: folder{dir: cfg.DataDir}, pickPort: freePort, supervised: make(chan struct{})}
}

func (s *Server) start(ctx context.Context) error {
	if err := s.prepare(ctx); err != nil {
		s.release()
		return err
	}
	supervision, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.endSupervision = cancel
	s.setStatus(Status{State: Ready, PID: s.child.pid})
	s.cfg.Logger.Info("postgres is ready", "port", s.port, "version", s.programs.major, "data", s.cfg.DataDir)
	go s.supervise(supervision)
	return nil
}

// prepare does everything before the supervision.
func (s *Server) prepare(ctx context.Context) (err error) {
	if s.lock, err = s.folder.acquire(); err != nil {
		return err
	}
	if s.who, err = chooseIdentity(s.folder); err != nil {
		return err
	}
	if s.log, err = openLog(s.folder.log()); err != nil {
		return err
	}
	for _, path := range []string{s.folder.lock(), s.folder.log()} { // so that their owner can use the folder without root
		if err := s.who.own(path); err != nil {
			return err
		}
	}
	if err := s.log.rotate(maxLog); err != nil {
		return fmt.Errorf("rotate the log of postgres: %w", err)
	}
	major, err := s.folder.major()
	if err != nil {
		return err
	}
	if s.programs, err = findPrograms(ctx, s.cfg, s.who, major); err != nil {
		return err
	}
	if s.password, err = ensureCluster(ctx, s.cfg, s.folder, s.programs, s.who); err != nil {
		return err
	}
	return s.bringUp(ctx)
}

// bringUp launches postgres for the first time: on another port if the chosen one was taken
// in the meantime, and again if the remains of a killed server prevented the start.
func (s *Server) bringUp(ctx context.Context) error {
	const attempts = 6
	_, err := os.Stat(s.folder.pidFile())
	unclean := err == nil
	for attempt := 1; ; attempt++ {
		if s.port = s.cfg.Port; s.port == 0 {
			if s.port, err = s.pickPort(ctx); err != nil {
				return err
			}
		}
		s.child, err = s.launch(ctx)
		var early *exitError
		if err == nil || attempt == attempts || !errors.As(err, &early) {
			return err
		}
		switch taken := !isFree(ctx, s.port); {
		case taken && s.cfg.Port != 0:
			return fmt.Errorf("port %d of 127.0.0.1 is taken: %w", s.port, err)
		case taken:
		case unclean:
			if !retry.Wait(ctx, time.Duration(attempt)*200*time.Millisecond) {
				return context.Cause(ctx)
			}
		default:
			return err
		}
	}
}

// URL returns the address of a database as the superuser postgres.
func (s *Server) URL(database string) string {
	return (&url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword("postgres", s.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}).String()
}

// Port returns the TCP port on 127.0.0.1. It does not change until Stop.
func (s *Server) Port() int { return s.port }

// Version returns the major version of Postgres.
func (s *Server) Version() int { return s.programs.major }

// Status returns the current status.
func (s *Server) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

func (s *Server) setStatus(status Status) {
	s.mu.Lock()
	s.status = status
	s.mu.Unlock()
	if s.cfg.OnChange != nil {
		s.cfg.OnChange(status)
	}
}

// Stop stops the server with a fast shutdown that rolls back open transactions. If the
// context ends first, it kills the server, and the next Start recovers from the write-ahead
// log. It returns when postgres has ended. Further calls return the result of the first
// one.
func (s *Server) Stop(ctx context.Context) error {
	s.stop.Do(func() {
		s.endSupervision()
		<-s.supervised
		s.stopErr = shutDown(ctx, s.child)
		s.release()
		status := s.Status()
		status.State, status.PID = Stopped, 0
		s.setStatus(status)
		s.cfg.Logger.Info("postgres is stopped", "port", s.port)
	})
	return s.stopErr
}

// shutDown stops a child, which may be nil or have ended.
func shutDown(ctx context.Context, child *process) error {
	if child == nil || child.ended() {
		return nil
	}
	if err := child.signal(syscall.SIGINT); err != nil {
		return fmt.Errorf("pgserver: stop postgres: %w", err)
	}
	select {
	case <-child.done:
		return nil
	case <-ctx.Done():
	}
	child.quit()
	return fmt.Errorf("pgserver: postgres was killed: %w", context.Cause(ctx))
}

// release closes the log and the lock of the folder.
func (s *Server) release() {
	if s.log != nil {
		s.log.close()
	}
	if s.lock != nil {
		release(s.lock)
	}
}

// freePort returns a port that was free at the time of the call. If another program takes it
// before postgres does, bringUp tries another one.
func freePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func isFree(ctx context.Context, port int) bool {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	l.Close()
	return true
}
