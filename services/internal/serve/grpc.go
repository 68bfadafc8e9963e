package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"buf.build/go/protovalidate"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/logging"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
)

const (
	// drainLimit is how long running calls may take to end after a server stops.
	drainLimit = 5 * time.Second
	// readyEvery is how often a server checks whether it is ready.
	readyEvery = time.Second
	// readyLimit is how long the check may take.
	readyLimit = 2 * time.Second
	// maxMessage is the largest size of a received message in bytes.
	maxMessage = 16 << 20
)

// GRPCOptions configures a server.
type GRPCOptions struct {
	// Logger gets one line for each call, at debug level unless the server was at fault.
	// The default discards them.
	Logger *slog.Logger
	// Ready returns why the server can't serve at the moment. It sets the health status of
	// every service. A server without Ready is always ready.
	Ready func(context.Context) error
	// Authorize returns a fault for a call that is not allowed. A server without it allows
	// all calls.
	Authorize func(ctx context.Context, fullMethod string) error
	// Options apply to this server only. Their interceptors run inside those of every
	// server.
	Options []grpc.ServerOption
}

// Server is a gRPC server with health, reflection and the interceptors of this package.
type Server struct {
	grpc   *grpc.Server
	health *health.Server
	ready  func(context.Context) error
	logger *slog.Logger
}

// NewGRPC returns a server with the services that register adds.
func NewGRPC(options GRPCOptions, register ...func(grpc.ServiceRegistrar)) (*Server, error) {
	validator, err := protovalidate.New()
	if err != nil {
		return nil, fmt.Errorf("build the validator: %w", err)
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	chain := &chain{logger: options.Logger, authorize: options.Authorize, validator: validator}
	onPanic := recovery.WithRecoveryHandlerContext(chain.recovered)
	logs := loggingOptions()
	s := &Server{
		grpc: grpc.NewServer(append([]grpc.ServerOption{
			grpc.ChainUnaryInterceptor(
				logging.UnaryServerInterceptor(logAdapter(options.Logger), logs...),
				recovery.UnaryServerInterceptor(onPanic), chain.unary),
			grpc.ChainStreamInterceptor(
				logging.StreamServerInterceptor(logAdapter(options.Logger), logs...),
				recovery.StreamServerInterceptor(onPanic), chain.stream),
			grpc.MaxRecvMsgSize(maxMessage),
			grpc.KeepaliveParams(keepalive.ServerParameters{Time: time.Minute, Timeout: 20 * time.Second}),
			grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		}, options.Options...)...),
		health: health.NewServer(),
		ready:  options.Ready,
		logger: options.Logger,
	}
	for _, r := range register {
		r(s.grpc)
	}
	healthpb.RegisterHealthServer(s.grpc, s.health)
	reflection.Register(s.grpc)
	return s, nil
}

// Serve serves lis until ctx ends. Running calls then have a few seconds to end. It
// closes lis.
func (s *Server) Serve(ctx context.Context, lis net.Listener) error {
	watched, stopWatch := context.WithCancel(ctx)
	watchEnded := make(chan struct{})
	go func() {
		defer close(watchEnded)
		s.watchReady(watched)
	}()
	defer func() { stopWatch(); <-watchEnded }()

	drained := make(chan struct{})
	stopped := context.AfterFunc(ctx, func() {
		defer close(drained)
		s.stop()
	})
	err := s.grpc.Serve(lis)
	if !stopped() {
		<-drained
	}
	if errors.Is(err, grpc.ErrServerStopped) {
		return nil
	}
	return err
}

// stop stops the server, at first gracefully.
func (s *Server) stop() {
	s.health.Shutdown()
	timer := time.AfterFunc(drainLimit, s.grpc.Stop)
	defer timer.Stop()
	s.grpc.GracefulStop()
}

// watchReady keeps the health status of every service up to date.
func (s *Server) watchReady(ctx context.Context) {
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	serving := true
	for {
		now := s.isReady(ctx)
		if ctx.Err() != nil {
			return
		}
		if now != serving || serving {
			s.setHealth(now)
		}
		serving = now
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Server) isReady(ctx context.Context) bool {
	if s.ready == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	err := s.ready(ctx)
	if err != nil && !errors.Is(err, context.Canceled) {
		s.logger.Warn("not ready to serve", "error", err)
	}
	return err == nil
}

func (s *Server) setHealth(serving bool) {
	status := healthpb.HealthCheckResponse_NOT_SERVING
	if serving {
		status = healthpb.HealthCheckResponse_SERVING
	}
	s.health.SetServingStatus("", status)
	for name := range s.grpc.GetServiceInfo() {
		s.health.SetServingStatus(name, status)
	}
}
