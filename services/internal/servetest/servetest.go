// Package servetest gives tests addresses that stay theirs.
package servetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"

	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// Reserve returns an endpoint at a free port that is open until the end of the test. A
// server at it may stop and start again at the same address, and nobody else can take
// the port in between. While no server listens, connections are closed at once.
func Reserve(t testing.TB) serve.Endpoint {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &reserved{listener: listener}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.accept()
	}()
	t.Cleanup(func() {
		_ = listener.Close() // A test can do nothing about an error here.
		r.stop()
		<-ended
	})
	return serve.Opened(listener.Addr(), r.open)
}

// reserved is a port and the server that listens at it.
type reserved struct {
	listener net.Listener

	mu     sync.Mutex
	server *server
}

var errInUse = errors.New("another server listens at the reserved port")

func (r *reserved) open() (net.Listener, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.server != nil {
		return nil, errInUse
	}
	r.server = &server{port: r, conns: make(chan net.Conn), closed: make(chan struct{})}
	return r.server, nil
}

// stop closes the server that still listens.
func (r *reserved) stop() {
	r.mu.Lock()
	server := r.server
	r.mu.Unlock()
	if server != nil {
		_ = server.Close()
	}
}

// accept hands each connection to the server that listens at the moment.
func (r *reserved) accept() {
	for {
		conn, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		server := r.server
		r.mu.Unlock()
		if server == nil || !server.take(conn) {
			_ = conn.Close()
		}
	}
}

// server is the listener of one server at a reserved port.
type server struct {
	port   *reserved
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (s *server) take(conn net.Conn) bool {
	select {
	case s.conns <- conn:
		return true
	case <-s.closed:
		return false
	}
}

// Accept returns the next connection.
func (s *server) Accept() (net.Conn, error) {
	select {
	case conn := <-s.conns:
		return conn, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

// Close makes the port free for the next server.
func (s *server) Close() error {
	err := net.ErrClosed
	s.once.Do(func() {
		s.port.mu.Lock()
		s.port.server = nil
		s.port.mu.Unlock()
		close(s.closed)
		err = nil
	})
	return err
}

// Addr returns the address of the port.
func (s *server) Addr() net.Addr { return s.port.listener.Addr() }

// Address returns an address for a program that the test starts and that takes its
// address from its environment. Each call returns another one. It is on a loopback
// address of this process's own where the system has such addresses, so that neither
// another process nor an outgoing connection takes the port before the program listens.
func Address(t testing.TB) string {
	t.Helper()
	pid := os.Getpid()
	own := fmt.Sprintf("127.%d.%d.%d:0", 64+pid>>16&63, pid>>8&255, pid&255|1)
	for {
		listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", own)
		if err != nil { // The system has 127.0.0.1 alone.
			listener, err = (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
		}
		if err != nil {
			t.Fatal(err)
		}
		address := listener.Addr().String()
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		if _, again := given.LoadOrStore(address, true); !again {
			return address
		}
	}
}

// given has the results of Address.
var given sync.Map
