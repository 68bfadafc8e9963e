package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"google.golang.org/grpc"

	"github.com/rollcall-dev/rollcall/services/gateway"
	"github.com/rollcall-dev/rollcall/services/gateway/grpcproxy"
	"github.com/rollcall-dev/rollcall/services/internal/lifecycle"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// drainLimit is how long running requests may take after the gateway was asked to stop.
const drainLimit = 5 * time.Second

// App is a gateway that is listening and ready to run.
type App struct {
	life   *lifecycle.App
	logger *slog.Logger

	httpListener net.Listener
	grpcListener net.Listener
}

// New builds the gateway and opens its listeners. The services behind it may start later: until
// then requests fail with UNAVAILABLE, and /readyz names the missing services.
func New(ctx context.Context, config Config) (*App, error) {
	a := &App{life: lifecycle.New(), logger: config.Logger(os.Stderr).With("service", "gateway")}
	if err := a.life.Build(func() error { return a.build(ctx, config) }); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *App) build(ctx context.Context, config Config) error {
	metrics := newMetrics(config.Registry)
	upstreams, err := a.connect(config, metrics)
	if err != nil {
		return err
	}
	handler, err := handler(ctx, upstreams, a.logger, metrics)
	if err != nil {
		return err
	}
	grpcServer, err := newGRPC(upstreams, a.logger, metrics)
	if err != nil {
		return err
	}
	if a.httpListener, err = a.life.Listen(ctx, config.HTTP); err != nil {
		return err
	}
	if a.grpcListener, err = a.life.Listen(ctx, config.GRPC); err != nil {
		return err
	}
	a.life.Go("gRPC", func(ctx context.Context) error { return grpcServer.Serve(ctx, a.grpcListener) })
	a.life.Go("HTTP", func(ctx context.Context) error {
		return lifecycle.ServeHTTP(ctx, newHTTP(ctx, handler, a.logger), a.httpListener, drainLimit)
	})
	return nil
}

func (a *App) connect(config Config, metrics *metrics) (up gateway.Upstreams, err error) {
	for _, service := range []struct {
		name     string
		endpoint serve.Endpoint
		conn     *grpc.ClientConnInterface
	}{
		{"accounts", config.Accounts, &up.Accounts},
		{"inventory", config.Inventory, &up.Inventory},
		{"discovery", config.Discovery, &up.Discovery},
	} {
		conn, err := dial(service.name, service.endpoint, a.logger, metrics.client)
		if err != nil {
			return up, fmt.Errorf("connect to %s: %w", service.name, err)
		}
		a.life.DeferError("the connection to "+service.name, conn.Close)
		*service.conn = conn
	}
	return up, nil
}

// newGRPC returns the gRPC server with all public RPCs.
func newGRPC(upstreams gateway.Upstreams, logger *slog.Logger, metrics *metrics) (*serve.Server, error) {
	var registerErr error
	server, err := serve.NewGRPC(serve.GRPCOptions{Logger: logger, Options: []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(metrics.server.UnaryServerInterceptor()),
		grpc.ChainStreamInterceptor(metrics.server.StreamServerInterceptor()),
	}}, func(r grpc.ServiceRegistrar) {
		registerErr = grpcproxy.Register(r, upstreams.Public())
	})
	return server, errors.Join(err, registerErr)
}

// newHTTP returns the HTTP server. Its streams end with ctx.
func newHTTP(ctx context.Context, handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler,
		// Bounds how long a client that sends its headers slowly can occupy a connection.
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
}

// HTTPAddr returns the address of the console and of REST.
func (a *App) HTTPAddr() net.Addr { return a.httpListener.Addr() }

// GRPCAddr returns the address of the public gRPC API.
func (a *App) GRPCAddr() net.Addr { return a.grpcListener.Addr() }

// Run serves until ctx ends, waits for running requests and closes the app.
func (a *App) Run(ctx context.Context) error {
	a.logger.Info("serving", "http", a.HTTPAddr().String(), "grpc", a.GRPCAddr().String())
	return a.life.Run(ctx)
}

// Close releases everything that New opened, in reverse order. It may be called several times.
func (a *App) Close() error { return a.life.Close() }
