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

	"go.uber.org/goleak"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lockedBuffer is a log that the test reads while the server writes.
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

// handler answers GetAccount with what the test says, and counts the instances
// of an ApplySnapshot.
type handler struct {
	accountsv1.UnimplementedAccountServiceServer
	inventoryv1.UnimplementedIngestServiceServer
	get func(context.Context) (*accountsv1.Account, error)
}

func (h *handler) GetAccount(ctx context.Context, _ *accountsv1.GetAccountRequest) (*accountsv1.Account, error) {
	return h.get(ctx)
}

func (h *handler) ApplySnapshot(stream grpc.BidiStreamingServer[inventoryv1.ApplySnapshotRequest, inventoryv1.ApplySnapshotResponse]) error {
	for {
		if _, err := stream.Recv(); errors.Is(err, io.EOF) {
			return stream.Send(&inventoryv1.ApplySnapshotResponse{})
		} else if err != nil {
			return err
		}
	}
}

// start serves h on a pipe and is a client of it.
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
	_, err := accountsv1.NewAccountServiceClient(conn).GetAccount(t.Context(), &accountsv1.GetAccountRequest{Name: name})
	return err
}

func TestErrorsLeaveAsStatus(t *testing.T) {
	const secret = "hunter2"
	for name, tt := range map[string]struct {
		err     error
		code    codes.Code
		reason  string
		message string
	}{
		"a fault keeps its reason":      {fault.NotFound("accounts/x"), codes.NotFound, "NOT_FOUND", "accounts/x was not found"},
		"a cause stays inside":          {fault.Unavailable("the database", errors.New(secret)), codes.Unavailable, "UNAVAILABLE", "the database is not available"},
		"what is unforeseen is hidden":  {errors.New(secret), codes.Internal, "INTERNAL", "internal error"},
		"a wrapped fault is found":      {errors.Join(errors.New(secret), fault.New(fault.KindAborted, "CONFLICT", "try again")), codes.Aborted, "CONFLICT", "try again"},
		"a caller's deadline is his":    {context.DeadlineExceeded, codes.DeadlineExceeded, "", "deadline"},
		"a status goes through as such": {status.Error(codes.OutOfRange, "past the end"), codes.OutOfRange, "", "past the end"},
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
				t.Errorf("the answer tells the cause: %q", got.Message())
			}
			if reason := reasonOf(got); reason != tt.reason {
				t.Errorf("reason %q, want %q", reason, tt.reason)
			}
			if tt.code == codes.Internal && !strings.Contains(log.String(), secret) {
				t.Error("the log lacks the cause of an unforeseen error")
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

func TestPanicIsAnInternalErrorWithItsStackInTheLog(t *testing.T) {
	log := &lockedBuffer{}
	conn := start(t, &handler{get: func(context.Context) (*accountsv1.Account, error) { panic("boom") }},
		serve.GRPCOptions{Logger: slog.New(slog.NewTextHandler(log, nil))})
	if code := status.Code(get(t, conn, "accounts/x")); code != codes.Internal {
		t.Errorf("got %v, want Internal", code)
	}
	if !strings.Contains(log.String(), "boom") || !strings.Contains(log.String(), "serve_test.go") {
		t.Errorf("the log lacks the panic and its stack:\n%s", log)
	}
}

func TestRequestsAreHeldToTheContract(t *testing.T) {
	conn := start(t, &handler{get: func(context.Context) (*accountsv1.Account, error) {
		t.Error("the handler saw a request that breaks the rules")
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

func TestStreamedMessagesAreHeldToTheContract(t *testing.T) {
	conn := start(t, &handler{}, serve.GRPCOptions{})
	stream, err := inventoryv1.NewIngestServiceClient(conn).ApplySnapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = stream.Send(&inventoryv1.ApplySnapshotRequest{}) // The answer is judged below.
	if _, err := stream.Recv(); status.Code(err) != codes.InvalidArgument {
		t.Errorf("got %v, want InvalidArgument", err)
	}
}

func TestHealthFollowsReady(t *testing.T) {
	var mu sync.Mutex
	var away error
	setAway := func(err error) { mu.Lock(); defer mu.Unlock(); away = err }
	conn := start(t, &handler{}, serve.GRPCOptions{Ready: func(context.Context) error { mu.Lock(); defer mu.Unlock(); return away }})
	watch, err := healthpb.NewHealthClient(conn).Watch(t.Context(), &healthpb.HealthCheckRequest{Service: accountsv1.AccountService_ServiceDesc.ServiceName})
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

func TestPortInUseIsTold(t *testing.T) {
	var config net.ListenConfig
	taken, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, err = serve.Address(taken.Addr().String()).Listen(t.Context())
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("got %v, want a sentence that the port is in use", err)
	}
}

func TestEndpointRefusesWhatIsNoAddress(t *testing.T) {
	var e serve.Endpoint
	if err := e.UnmarshalText([]byte("localhost")); err == nil {
		t.Error("an address without a port was taken")
	}
}
