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

// Endpoint is where a server listens and a client dials: a host and port, or a
// pipe in memory, which nobody outside the process can reach.
type Endpoint struct {
	addr string
	pipe *bufconn.Listener
}

// pipeBuffer is how many bytes a pipe holds before its writer waits.
const pipeBuffer = 256 << 10

// Address is the endpoint at a host and port, `localhost:9090`.
func Address(hostPort string) Endpoint { return Endpoint{addr: hostPort} }

// Pipe is a new endpoint in memory.
func Pipe() Endpoint { return Endpoint{addr: "pipe", pipe: bufconn.Listen(pipeBuffer)} }

// UnmarshalText reads `host:port`, for flags and environment.
func (e *Endpoint) UnmarshalText(text []byte) error {
	addr := string(text)
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return fmt.Errorf("%q is no host:port, such as localhost:9090", addr)
	}
	e.addr = addr
	return nil
}

// String is the host and port, or `pipe`.
func (e Endpoint) String() string { return e.addr }

// IsZero tells whether no endpoint was given.
func (e Endpoint) IsZero() bool { return e.addr == "" }

// Listen opens the endpoint. A port in use is told in a sentence.
func (e Endpoint) Listen(ctx context.Context) (net.Listener, error) {
	if e.pipe != nil {
		return e.pipe, nil
	}
	var config net.ListenConfig
	lis, err := config.Listen(ctx, "tcp", e.addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use by another program; stop it, or choose another address: %w", e.addr, err)
	case err != nil:
		return nil, fmt.Errorf("can't listen on %s: %w", e.addr, err)
	}
	return lis, nil
}

// Dial is a client connection to the endpoint. It connects when first used and
// reconnects by itself; calls are spread over all addresses that the host name
// has. Close it when done.
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
