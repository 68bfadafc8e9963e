package cli

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// remote has the flags of all commands that connect to a server.
type remote struct {
	Server  string        `help:"Address of the gRPC port of Rollcall, host:port." env:"ROLLCALL_GRPC_ADDR" default:"localhost:9090" group:"Connection" placeholder:"ADDR"`
	Timeout time.Duration `help:"Time limit of each call. A dry run has five minutes by default." default:"30s" group:"Connection"`
	Output  format        `short:"o" help:"Output format: table, json, ndjson (one object a line) or yaml." enum:"table,json,ndjson,yaml" default:"table"`
}

// AfterApply sets up the session. The connection is opened with the first call.
func (r *remote) AfterApply(s *session) error {
	if r.Timeout <= 0 {
		return fmt.Errorf("--timeout: %s is not a valid time limit; give a positive duration, such as 30s", r.Timeout)
	}
	if _, _, err := net.SplitHostPort(r.Server); err != nil && !strings.Contains(r.Server, ":/") { // dns:///, unix:///
		return fmt.Errorf("--server: %q is not an address; give host:port, such as localhost:9090", r.Server)
	}
	conn, err := grpc.NewClient(r.Server,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithUserAgent("rollcall/"+s.version),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
		grpc.WithUnaryInterceptor(withTimeout(r.Timeout)),
		grpc.WithDefaultServiceConfig(retries),
	)
	if err != nil {
		return fmt.Errorf("--server: %q is not an address: %w", r.Server, err)
	}
	s.server, s.format, s.conn = r.Server, r.Output, conn
	return nil
}

// maxMessage is the maximum size of a response, in bytes: a page of 1000 instances with large
// labels exceeds gRPC's default of 4 MiB.
const maxMessage = 64 << 20

// retries is the gRPC service config with the calls that are safe to retry, after a conflict with a
// concurrent change or without a response. Starts and stops have a request id, so that a repeated
// call has no further effect. See "gRPC Retry Design" (A6).
const retries = `{"methodConfig": [{
	"name": [{"service": "rollcall.discovery.v1.DiscoveryService", "method": "SyncAccount"}],
	"retryPolicy": {"maxAttempts": 5, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2, "retryableStatusCodes": ["ABORTED"]}
}, {
	"name": [{"service": "rollcall.discovery.v1.LifecycleService"}],
	"retryPolicy": {"maxAttempts": 5, "initialBackoff": "0.2s", "maxBackoff": "2s", "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]}
}]}`

const (
	// defaultTimeout is the default of --timeout.
	defaultTimeout = 30 * time.Second
	// planTimeout applies to dry runs instead, which ask the cloud about every instance.
	planTimeout = 5 * time.Minute
)

// withTimeout returns an interceptor that sets a deadline on every unary call.
func withTimeout(limit time.Duration) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		if dryRun, ok := request.(interface{ GetValidateOnly() bool }); ok && dryRun.GetValidateOnly() && limit == defaultTimeout {
			limit = planTimeout
		}
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		return invoke(ctx, method, request, reply, conn, opts...)
	}
}

// session has the streams, the connection and the output format of one command.
type session struct {
	in       io.Reader
	out, err io.Writer
	outStyle style
	errStyle style

	version string

	server string
	format format
	conn   *grpc.ClientConn

	// now is the clock for ages.
	now func() time.Time
}

func newSession(streams Streams, version string) *session {
	s := &session{version: version, in: streams.In, out: streams.Out, err: streams.Err, now: time.Now}
	s.setColor("auto")
	return s
}

func (s *session) setColor(choice string) {
	s.outStyle, s.errStyle = styleFor(s.out, choice), styleFor(s.err, choice)
}

func (s *session) close() {
	if s.conn != nil {
		_ = s.conn.Close() // all calls have ended
	}
}

func (s *session) accounts() accountsv1.AccountServiceClient {
	return accountsv1.NewAccountServiceClient(s.conn)
}

func (s *session) keys() accountsv1.KeyServiceClient {
	return accountsv1.NewKeyServiceClient(s.conn)
}

func (s *session) inventory() inventoryv1.InventoryServiceClient {
	return inventoryv1.NewInventoryServiceClient(s.conn)
}

func (s *session) lifecycle() discoveryv1.LifecycleServiceClient {
	return discoveryv1.NewLifecycleServiceClient(s.conn)
}

func (s *session) operations() discoveryv1.OperationServiceClient {
	return discoveryv1.NewOperationServiceClient(s.conn)
}

func (s *session) audit() discoveryv1.AuditServiceClient {
	return discoveryv1.NewAuditServiceClient(s.conn)
}

func (s *session) discovery() discoveryv1.DiscoveryServiceClient {
	return discoveryv1.NewDiscoveryServiceClient(s.conn)
}
