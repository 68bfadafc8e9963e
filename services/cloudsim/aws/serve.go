package aws

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// Server serves a world on a port of its own.
type Server struct {
	// URL is what AWS_ENDPOINT_URL must say, such as http://127.0.0.1:40001.
	URL   string
	World *cloudsim.World

	http *http.Server
	done chan error
}

// Serve starts serving a world on a free loopback port. Close ends it.
func Serve(world *cloudsim.World) (*Server, error) { return ServeOn(world, "127.0.0.1:0") }

// ServeOn is Serve at a given host:port.
func ServeOn(world *cloudsim.World, addr string) (*Server, error) {
	listener, err := net.Listen("tcp", addr) //nolint:noctx // taking a local port does not wait for anyone
	if err != nil {
		return nil, fmt.Errorf("listen for the simulated cloud: %w", err)
	}
	s := &Server{
		URL:   "http://" + listener.Addr().String(),
		World: world,
		http:  &http.Server{Handler: NewHandler(world), ReadHeaderTimeout: 10 * time.Second},
		done:  make(chan error, 1),
	}
	go func() { s.done <- s.http.Serve(listener) }()
	return s, nil
}

// Wait returns when the server has ended, nil after Close.
func (s *Server) Wait() error {
	err := <-s.done
	s.done <- err // for the next to wait
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Close ends the server and all its connections at once, also those that a fault left hanging.
func (s *Server) Close() error {
	if err := s.http.Close(); err != nil {
		return err
	}
	return s.Wait()
}

// Env returns the environment variables that point an AWS SDK or the AWS CLI at the server, as an account's user.
func (s *Server) Env(accountID string) map[string]string {
	key := s.World.Key(accountID)
	env := map[string]string{
		"AWS_ENDPOINT_URL":          s.URL,
		"AWS_ACCESS_KEY_ID":         key.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY":     key.Secret,
		"AWS_REGION":                "us-east-1",
		"AWS_EC2_METADATA_DISABLED": "true",
	}
	if regions := s.World.Regions(accountID); len(regions) > 0 {
		env["AWS_REGION"] = regions[0]
	}
	env["AWS_DEFAULT_REGION"] = env["AWS_REGION"] // the name that boto3 and the AWS CLI know
	return env
}
