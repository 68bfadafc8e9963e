package serve_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lockedBuffer is a log that a test can read while the server writes.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// handler answers GetAccount with what the test sets, and an ApplySnapshot when all of
// its messages have arrived.
type handler struct {
	accountsv1.UnimplementedAccountServiceServer
	inventoryv1.UnimplementedIngestServiceServer
	get   func(context.Context) (*accountsv1.Account, error)
	apply func() error // if it is set, it answers ApplySnapshot
}

func (h *handler) GetAccount(ctx context.Context, _ *accountsv1.GetAccountRequest) (*accountsv1.Account, error) {
	return h.get(ctx)
}

func (h *handler) ApplySnapshot(stream grpc.BidiStreamingServer[inventoryv1.ApplySnapshotRequest, inventoryv1.ApplySnapshotResponse]) error {
	if h.apply != nil {
		return h.apply()
	}
	for {
		if _, err := stream.Recv(); errors.Is(err, io.EOF) {
			return stream.Send(&inventoryv1.ApplySnapshotResponse{})
		} else if err != nil {
			return err
		}
	}
}

// start serves h on a pipe and returns a client connection.
func start(t *testing.T, h *handler, options serve.GRPCOptions) *grpc.ClientConn {
	t.Helper()
	server, err := serve.NewGRPC(options, func(r grpc.ServiceRegistrar) {
		accountsv1.RegisterAccountServiceServer(r, h)
		inventoryv1.RegisterIngestServiceServer(r, h)
	})
	if err != nil {
		t.Fatal(err)
	}
	endpoint := serve.Pipe()
	lis, err := endpoint.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, lis) }()
	conn, err := endpoint.Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return conn
}

func get(t *testing.T, conn *grpc.ClientConn, name string) error {
	t.Helper()
	_, err := accountsv1.NewAccountServiceClient(conn).GetAccount(dbtest.Context(t), &accountsv1.GetAccountRequest{Name: name})
	return err
}

func TestStatus(t *testing.T) {
	const secret = "hunter2"
	for name, tt := range map[string]struct {
		err     error
		code    codes.Code
		reason  string
		message string
	}{
		"fault":              {fault.NotFound("accounts/x"), codes.NotFound, "NOT_FOUND", "accounts/x was not found"},
		"fault with a cause": {fault.Unavailable("the database", errors.New(secret)), codes.Unavailable, "UNAVAILABLE", "the database is not available"},
		"unexpected error":   {errors.New(secret), codes.Internal, "INTERNAL", "internal error"},
		"wrapped fault":      {errors.Join(errors.New(secret), fault.New(fault.KindAborted, fault.ReasonConflict, "try again")), codes.Aborted, "CONFLICT", "try again"},
		"deadline exceeded":  {context.DeadlineExceeded, codes.DeadlineExceeded, "", "deadline"},
		"status":             {status.Error(codes.OutOfRange, "past the end"), codes.OutOfRange, "", "past the end"},
	} {
		t.Run(name, func(t *testing.T) {
			log := &lockedBuffer{}
			conn := start(t, &handler{get: func(context.Context) (*accountsv1.Account, error) { return nil, tt.err }},
				serve.GRPCOptions{Logger: slog.New(slog.NewTextHandler(log, nil))})
			got := status.Convert(get(t, conn, "accounts/x"))
			if got.Code() != tt.code || !strings.Contains(got.Message(), tt.message) {
				t.Errorf("got %v %q, want %v with %q", got.Code(), got.Message(), tt.code, tt.message)
			}
			if strings.Contains(got.Message(), secret) {
				t.Errorf("the answer contains the cause: %q", got.Message())
			}
			if reason := reasonOf(got); reason != tt.reason {
				t.Errorf("reason %q, want %q", reason, tt.reason)
			}
			if tt.code == codes.Internal && !strings.Contains(log.String(), secret) {
				t.Error("the log does not have the cause of an unexpected error")
			}
		})
	}
}

func reasonOf(s *status.Status) string {
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}

func TestStatus_CancelledCall(t *testing.T) {
	conn := start(t, &handler{get: func(context.Context) (*accountsv1.Account, error) { return nil, context.Canceled }}, serve.GRPCOptions{})
	if code := status.Code(get(t, conn, "accounts/x")); code != codes.Canceled {
		t.Errorf("got %v, want Canceled", code)
	}
}

func TestDeadline_ReachesTheHandler(t *testing.T) {
	conn := start(t, &handler{get: func(ctx context.Context) (*accountsv1.Account, error) {
		if _, ok := ctx.Deadline(); !ok {
			t.Error("the context of the handler has no deadline")
			return nil, nil
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}}, serve.GRPCOptions{})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := accountsv1.NewAccountServiceClient(conn).GetAccount(ctx, &accountsv1.GetAccountRequest{Name: "accounts/x"})
	if status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("got %v, want DeadlineExceeded", err)
	}
}

// streamError returns the error of an ApplySnapshot.
func streamError(t *testing.T, conn *grpc.ClientConn) error {
	t.Helper()
	stream, err := inventoryv1.NewIngestServiceClient(conn).ApplySnapshot(dbtest.Context(t))
	if err == nil {
		_, err = stream.Recv()
	}
	return err
}

// getX gets an account.
func getX(t *testing.T, conn *grpc.ClientConn) error {
	t.Helper()
	return get(t, conn, "accounts/x")
}

func TestRecovery(t *testing.T) {
	boom := &handler{
		get:   func(context.Context) (*accountsv1.Account, error) { panic("boom") },
		apply: func() error { panic("boom") },
	}
	for name, call := range map[string]func(*testing.T, *grpc.ClientConn) error{
		"unary":  getX,
		"stream": streamError,
	} {
		t.Run(name, func(t *testing.T) {
			log := &lockedBuffer{}
			conn := start(t, boom, serve.GRPCOptions{Logger: slog.New(slog.NewTextHandler(log, nil))})
			if got := status.Convert(call(t, conn)); got.Code() != codes.Internal || reasonOf(got) != "INTERNAL" || strings.Contains(got.Message(), "boom") {
				t.Errorf("got %v, want Internal without the panic", got)
			}
			if !strings.Contains(log.String(), "boom") || !strings.Contains(log.String(), "serve_test.go") {
				t.Errorf("the log does not have the panic and its stack:\n%s", log)
			}
		})
	}
}

func TestAuthorize(t *testing.T) {
	refuse := func(_ context.Context, method string) error {
		return fault.New(fault.KindPermissionDenied, fault.ReasonCallerRefused, "%s is closed", method)
	}
	unseen := &handler{
		get:   func(context.Context) (*accountsv1.Account, error) { t.Error("the handler was called"); return nil, nil },
		apply: func() error { t.Error("the handler of the stream was called"); return nil },
	}
	for name, tt := range map[string]struct {
		call   func(*testing.T, *grpc.ClientConn) error
		method string
	}{
		"unary":  {getX, accountsv1.AccountService_GetAccount_FullMethodName},
		"stream": {streamError, inventoryv1.IngestService_ApplySnapshot_FullMethodName},
	} {
		t.Run(name, func(t *testing.T) {
			conn := start(t, unseen, serve.GRPCOptions{Authorize: refuse})
			got := status.Convert(tt.call(t, conn))
			if got.Code() != codes.PermissionDenied || reasonOf(got) != "CALLER_REFUSED" || !strings.Contains(got.Message(), tt.method) {
				t.Errorf("got %v, want a refusal of %s", got, tt.method)
			}
		})
	}
}

func TestAuthorize_ComesBeforeValidation(t *testing.T) {
	conn := start(t, &handler{}, serve.GRPCOptions{Authorize: func(context.Context, string) error {
		return fault.New(fault.KindUnauthenticated, fault.ReasonCallerUnknown, "no token")
	}})
	if code := status.Code(get(t, conn, "Accounts!")); code != codes.Unauthenticated {
		t.Errorf("got %v, want Unauthenticated", code)
	}
}

func TestValidation_Unary(t *testing.T) {
	conn := start(t, &handler{get: func(context.Context) (*accountsv1.Account, error) {
		t.Error("the handler got a request that violates the rules")
		return nil, nil
	}}, serve.GRPCOptions{})
	got := status.Convert(get(t, conn, "Accounts!"))
	if got.Code() != codes.InvalidArgument {
		t.Fatalf("got %v, want InvalidArgument", got)
	}
	for _, d := range got.Details() {
		if bad, ok := d.(*errdetails.BadRequest); ok && bad.GetFieldViolations()[0].GetField() == "name" {
			return
		}
	}
	t.Errorf("no violation of `name` in %v", got.Details())
}

func TestValidation_Stream(t *testing.T) {
	conn := start(t, &handler{}, serve.GRPCOptions{})
	stream, err := inventoryv1.NewIngestServiceClient(conn).ApplySnapshot(dbtest.Context(t))
	if err != nil {
		t.Fatal(err)
	}
	_ = stream.Send(&inventoryv1.ApplySnapshotRequest{}) // Recv returns the error.
	if _, err := stream.Recv(); status.Code(err) != codes.InvalidArgument {
		t.Errorf("got %v, want InvalidArgument", err)
	}
}

func TestServe_RunningCallsEnd(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	server, err := serve.NewGRPC(serve.GRPCOptions{}, func(r grpc.ServiceRegistrar) {
		accountsv1.RegisterAccountServiceServer(r, &handler{get: func(context.Context) (*accountsv1.Account, error) {
			stop() // the server stops while the call runs
			return &accountsv1.Account{Name: "accounts/x"}, nil
		}})
	})
	if err != nil {
		t.Fatal(err)
	}
	endpoint := serve.Pipe()
	lis, err := endpoint.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, lis) }()
	conn, err := endpoint.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := errors.Join(get(t, conn, "accounts/x"), <-ended); err != nil {
		t.Error(err)
	}
}

func TestHealth_FollowsReady(t *testing.T) {
	var mu sync.Mutex
	var away error
	setAway := func(err error) { mu.Lock(); defer mu.Unlock(); away = err }
	conn := start(t, &handler{}, serve.GRPCOptions{Ready: func(context.Context) error { mu.Lock(); defer mu.Unlock(); return away }})
	watch, err := healthpb.NewHealthClient(conn).Watch(dbtest.Context(t), &healthpb.HealthCheckRequest{Service: accountsv1.AccountService_ServiceDesc.ServiceName})
	if err != nil {
		t.Fatal(err)
	}
	await := func(want healthpb.HealthCheckResponse_ServingStatus) {
		t.Helper()
		for {
			got, err := watch.Recv()
			if err != nil {
				t.Fatalf("waiting for %v: %v", want, err)
			}
			if got.GetStatus() == want {
				return
			}
		}
	}
	await(healthpb.HealthCheckResponse_SERVING)
	setAway(errors.New("no database"))
	await(healthpb.HealthCheckResponse_NOT_SERVING)
	setAway(nil)
	await(healthpb.HealthCheckResponse_SERVING)
}

func TestEndpoint_PortInUse(t *testing.T) {
	var config net.ListenConfig
	taken, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, err = serve.Address(taken.Addr().String()).Listen(t.Context())
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("got %v, want an error that states that the port is in use", err)
	}
}

func TestEndpoint_UnmarshalText(t *testing.T) {
	var e serve.Endpoint
	if err := e.UnmarshalText([]byte("localhost")); err == nil {
		t.Error("an address without a port was accepted")
	}
}

func TestEndpoint_Listener(t *testing.T) {
	listener, err := serve.Address("127.0.0.1:0").Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	endpoint := serve.Listener(listener)
	if got, err := endpoint.Listen(t.Context()); err != nil || got != listener || endpoint.String() != listener.Addr().String() || endpoint.IsZero() {
		t.Errorf("got %v at %s, %v", got, endpoint, err)
	}
}
