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
	// maxResponse bounds the size of a response, in bytes. A page of 1000 instances with the
	// largest possible labels fits.
	maxResponse = 64 << 20
	// callLimit is the deadline of a unary call that has none.
	callLimit = 30 * time.Second
	// waitLimit is the same for WaitOperation, which may wait for ten minutes.
	waitLimit = 10*time.Minute + callLimit
	// planLimit is the same for a dry run, which asks the cloud about every instance. Discovery
	// takes up to five minutes for it.
	planLimit = 5*time.Minute + callLimit
	// redialLimit is the longest pause between attempts to reconnect to a service. With gRPC's
	// default of two minutes a restarted service would stay unreachable for that long.
	redialLimit = 2 * time.Second
)

// dial returns a connection to a service, which need not be running yet.
func dial(name string, endpoint serve.Endpoint, logger *slog.Logger, metrics *grpcprom.ClientMetrics) (*grpc.ClientConn, error) {
	redial := backoff.DefaultConfig
	redial.BaseDelay, redial.MaxDelay = 100*time.Millisecond, redialLimit
	explain := explainer{service: name, logger: logger}
	return endpoint.Dial(
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxResponse)),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: redial, MinConnectTimeout: 5 * time.Second}),
		grpc.WithChainUnaryInterceptor(metrics.UnaryClientInterceptor(), explain.unary, withDeadline),
		grpc.WithChainStreamInterceptor(metrics.StreamClientInterceptor(), explain.stream),
	)
}

// withDeadline is a client interceptor that sets a deadline on unary calls that have none.
func withDeadline(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	if _, ok := ctx.Deadline(); !ok {
		limit := callLimit
		switch dryRun, ok := request.(interface{ GetValidateOnly() bool }); {
		case strings.HasSuffix(method, "/WaitOperation"):
			limit = waitLimit
		case ok && dryRun.GetValidateOnly():
			limit = planLimit
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	return invoke(ctx, method, request, reply, conn, options...)
}

// explainer replaces the errors of unreachable services: users get the name of the service, and
// the log gets gRPC's message about the connection.
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

// explain returns errors that the service itself sent unchanged; they have details. It also leaves
// health checks unchanged, because operators need the message about the connection.
func (e explainer) explain(ctx context.Context, method string, err error) error {
	st, ok := status.FromError(err)
	if !ok || st.Code() != codes.Unavailable || len(st.Details()) > 0 || method == healthpb.Health_Check_FullMethodName {
		return err
	}
	e.logger.WarnContext(ctx, "service unreachable", "service", e.service, "method", method, "error", st.Message())
	return serve.FaultStatus(fault.Unavailable("the "+e.service+" service", err).With("service", e.service)).Err()
}
