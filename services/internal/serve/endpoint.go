package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
)

// Endpoint is where a server listens and a client connects: a host and port, a
// listener that is open already, or a pipe in memory that nobody outside the process
// can reach.
type Endpoint struct {
	addr string
	open func() (net.Listener, error)
	pipe *bufconn.Listener
}

// pipeBuffer is how many bytes a pipe holds before its writer waits.
const pipeBuffer = 256 << 10

// Address returns the endpoint at a host and port, such as `localhost:9090`.
func Address(hostPort string) Endpoint { return Endpoint{addr: hostPort} }

// Listener returns the endpoint of a listener that is open. Tests listen at port 0 and
// hand the listener over, so that the port is known before the server starts and
// nobody else can take it.
func Listener(listener net.Listener) Endpoint {
	return Opened(listener.Addr(), func() (net.Listener, error) { return listener, nil })
}

// Opened returns an endpoint whose listeners come from open: each server at the
// endpoint gets one.
func Opened(addr net.Addr, open func() (net.Listener, error)) Endpoint {
	return Endpoint{addr: addr.String(), open: open}
}

// Pipe returns a new endpoint in memory.
func Pipe() Endpoint { return Endpoint{addr: "pipe", pipe: bufconn.Listen(pipeBuffer)} }

// UnmarshalText parses `host:port`, for flags and environment variables.
func (e *Endpoint) UnmarshalText(text []byte) error {
	addr := string(text)
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return fmt.Errorf("%q is not host:port, such as localhost:9090", addr)
	}
	*e = Address(addr)
	return nil
}

// String returns the host and port, or `pipe`.
func (e Endpoint) String() string { return e.addr }

// IsZero reports whether the endpoint is not set.
func (e Endpoint) IsZero() bool { return e.addr == "" }

// Listen returns the listener of the endpoint, which it opens unless it is open. The
// error states the address, and that another program uses it if that is the cause.
func (e Endpoint) Listen(ctx context.Context) (net.Listener, error) {
	switch {
	case e.pipe != nil:
		return e.pipe, nil
	case e.open != nil:
		return e.open()
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", e.addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use by another program; stop it, or choose another address: %w", e.addr, err)
	case err != nil:
		return nil, fmt.Errorf("can't listen on %s: %w", e.addr, err)
	}
	return listener, nil
}

// Dial returns a client connection to the endpoint. It connects at the first call,
// reconnects by itself, and spreads calls over all addresses of the host name. The
// caller closes it.
func (e Endpoint) Dial(options ...grpc.DialOption) (*grpc.ClientConn, error) {
	options = append([]grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`),
	}, options...)
	target := "dns:///" + e.addr
	if e.pipe != nil {
		target = "passthrough:///pipe"
		options = append(options, grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return e.pipe.DialContext(ctx)
		}))
	}
	return grpc.NewClient(target, options...)
}
