package cloudsim

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Server serves a handler on a port of its own.
type Server struct {
	addr string
	http *http.Server
	done chan error
}

// Serve starts to serve a handler on a host:port. Close ends it.
func Serve(addr string, handler http.Handler) (*Server, error) {
	listener, err := net.Listen("tcp", addr) //nolint:noctx // listening on a local port does not block
	if err != nil {
		return nil, fmt.Errorf("listen for the simulated cloud on %s: %w", addr, err)
	}
	s := &Server{
		addr: listener.Addr().String(),
		http: &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second},
		done: make(chan error, 1),
	}
	go func() { s.done <- s.http.Serve(listener) }()
	return s, nil
}

// URL returns the address of the server, such as http://127.0.0.1:40001.
func (s *Server) URL() string { return "http://" + s.addr }

// Wait returns when the server has ended, nil after Close.
func (s *Server) Wait() error {
	err := <-s.done
	s.done <- err // for other callers of Wait
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Close ends the server and all its connections at once, including those that a fault keeps open.
func (s *Server) Close() error {
	if err := s.http.Close(); err != nil {
		return err
	}
	return s.Wait()
}
