package dbtest

import (
	"context"
	"sync"
	"syscall"
	"testing"

	"github.com/rollcall-dev/rollcall/services/internal/pgserver"
)

// Server is a Postgres server for one test, which the test can stop, start and kill. Its
// methods must be called from the goroutine of the test.
type Server struct {
	instance *instance
	cluster  *cluster
	stopped  bool

	mu      sync.Mutex
	changed chan struct{} // closed at the next change of status
}

// NewServer starts a server, which takes about a second. At the end of the test it is
// stopped and its databases are removed.
func NewServer(t testing.TB) *Server {
	t.Helper()
	s := &Server{changed: make(chan struct{})}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var err error
	if s.instance, err = newInstance(ctx, s.announce); err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	t.Cleanup(func() {
		if err := s.instance.remove(); err != nil {
			t.Errorf("dbtest: removing the server: %v", err)
		}
	})
	if s.cluster, err = newCluster(s.instance.url()); err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	s.cluster.disposable = true
	t.Cleanup(s.cluster.close)
	return s
}

// New returns a new database on this server, like the function New.
func (s *Server) New(t testing.TB, template Template) *DB {
	t.Helper()
	return s.cluster.new(t, template)
}

// Stop stops Postgres as an operator would: connections are closed, and new ones are
// refused until Start.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.instance.server.Stop(ctx); err != nil {
		t.Fatalf("dbtest: stopping the server: %v", err)
	}
	s.stopped = true
}

// Start starts Postgres again after Stop with the same data and addresses.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if !s.stopped {
		t.Fatal("dbtest: Start wants a server that was stopped")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.instance.start(ctx); err != nil {
		t.Fatalf("dbtest: starting the server again: %v", err)
	}
	s.stopped = false
}

// Kill ends Postgres with SIGKILL, as the out-of-memory killer would, and waits until it
// has ended. It is started again automatically with the same data and addresses;
// AwaitReady waits for that.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	pid := s.instance.server.Status().PID
	if pid == 0 {
		t.Fatal("dbtest: Kill wants a server that runs")
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatalf("dbtest: killing the server: %v", err)
	}
	s.await(t, func(status pgserver.Status) bool { return status.PID != pid })
}

// AwaitReady waits until Postgres accepts connections.
func (s *Server) AwaitReady(t testing.TB) {
	t.Helper()
	s.await(t, func(status pgserver.Status) bool { return status.State == pgserver.Ready })
}

func (s *Server) announce(pgserver.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
}

// await waits for a status.
func (s *Server) await(t testing.TB, reached func(pgserver.Status) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		status := s.instance.server.Status()
		if reached(status) {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("dbtest: the server stays %+v", status)
		}
	}
}
