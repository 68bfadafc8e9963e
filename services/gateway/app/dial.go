package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"time"

	grpcprom "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

const (
	// maxAnswer bounds an answer of a service, in bytes: a page of 1000
	// instances with every label there can be fits.
	maxAnswer = 64 << 20
	// callLimit ends a unary call that came without a deadline.
	callLimit = 30 * time.Second
	// waitLimit ends one that waits for an operation: ten minutes at the most, and
	// the time of a call.
	waitLimit = 10*time.Minute + callLimit
	// redialLimit is the longest wait before a service that was away is tried
	// again: gRPC's own default of two minutes would keep it away after its
	// return.
	redialLimit = 2 * time.Second
)

// dial connects to a service. It succeeds also when the service is away.
func dial(name string, endpoint serve.Endpoint, logger *slog.Logger, metrics *grpcprom.ClientMetrics) (*grpc.ClientConn, error) {
	redial := backoff.DefaultConfig
	redial.BaseDelay, redial.MaxDelay = 100*time.Millisecond, redialLimit
	away := explainer{service: name, logger: logger}
	return endpoint.Dial(
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer)),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: redial, MinConnectTimeout: 5 * time.Second}),
		grpc.WithChainUnaryInterceptor(metrics.UnaryClientInterceptor(), away.unary, withDeadline),
		grpc.WithChainStreamInterceptor(metrics.StreamClientInterceptor(), away.stream),
	)
}

// withDeadline gives a unary call a deadline when it has none.
func withDeadline(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	if _, ok := ctx.Deadline(); !ok {
		limit := callLimit
		if strings.HasSuffix(method, "/WaitOperation") {
			limit = waitLimit
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	return invoke(ctx, method, request, reply, conn, options...)
}

// explainer puts into words that a service can't be reached, in place of what
// gRPC says of sockets, which goes to the log.
type explainer struct {
	service string
	logger  *slog.Logger
}

func (e explainer) unary(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	return e.explain(ctx, method, invoke(ctx, method, request, reply, conn, options...))
}

func (e explainer) stream(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	stream, err := open(ctx, desc, conn, method, options...)
	if err != nil {
		return nil, e.explain(ctx, method, err)
	}
	return &explainedStream{ClientStream: stream, explainer: e, method: method}, nil
}

type explainedStream struct {
	grpc.ClientStream
	explainer explainer
	method    string
}

func (s *explainedStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return s.explainer.explain(s.Context(), s.method, err)
}

// explain leaves an error of the service itself as it is: those carry details.
// A health check is asked by operators, who want to know of sockets.
func (e explainer) explain(ctx context.Context, method string, err error) error {
	st, ok := status.FromError(err)
	if !ok || st.Code() != codes.Unavailable || len(st.Details()) > 0 || method == healthpb.Health_Check_FullMethodName {
		return err
	}
	e.logger.WarnContext(ctx, "a service can't be reached", "service", e.service, "method", method, "error", st.Message())
	return serve.FaultStatus(fault.Unavailable("the "+e.service+" service", err).With("service", e.service)).Err()
}
