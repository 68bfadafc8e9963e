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

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/rollcall-dev/rollcall/services/gateway"
	"github.com/rollcall-dev/rollcall/services/gateway/grpcproxy"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// drainLimit is how long running requests may take after the gateway was asked to stop.
const drainLimit = 5 * time.Second

// App is a gateway that is listening and ready to run.
type App struct {
	logger  *slog.Logger
	closers []func() error

	httpListener net.Listener
	grpcListener net.Listener
	handler      http.Handler
	grpc         *serve.Server
}

// New builds the gateway and opens its listeners. The services behind it may start later: until
// then requests fail with UNAVAILABLE, and /readyz names the missing services.
func New(ctx context.Context, config Config) (_ *App, err error) {
	a := &App{logger: config.Logger(os.Stderr).With("service", "gateway")}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	metrics := newMetrics(config.Registry)
	upstreams, err := a.connect(config, metrics)
	if err != nil {
		return nil, err
	}
	if a.handler, err = handler(ctx, upstreams, a.logger, metrics); err != nil {
		return nil, err
	}
	if a.grpc, err = newGRPC(upstreams, a.logger, metrics); err != nil {
		return nil, err
	}
	if a.httpListener, err = a.listen(ctx, config.HTTP, config.HTTPListener); err != nil {
		return nil, err
	}
	if a.grpcListener, err = a.listen(ctx, config.GRPC, config.GRPCListener); err != nil {
		return nil, err
	}
	return a, nil
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
		a.closers = append(a.closers, conn.Close)
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

// listen returns the given listener, or opens one on the endpoint if it is nil.
func (a *App) listen(ctx context.Context, endpoint serve.Endpoint, listener net.Listener) (net.Listener, error) {
	if listener == nil {
		var err error
		if listener, err = endpoint.Listen(ctx); err != nil {
			return nil, err
		}
	}
	a.closers = append(a.closers, func() error {
		// Serve may have closed it already.
		if err := listener.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	return listener, nil
}

// HTTPAddr returns the address of the console and of REST.
func (a *App) HTTPAddr() net.Addr { return a.httpListener.Addr() }

// GRPCAddr returns the address of the public gRPC API.
func (a *App) GRPCAddr() net.Addr { return a.grpcListener.Addr() }

// Run serves until ctx ends, waits for running requests and closes the app.
func (a *App) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, a.Close()) }()
	a.logger.Info("serving", "http", a.HTTPAddr().String(), "grpc", a.GRPCAddr().String())
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return a.grpc.Serve(ctx, a.grpcListener) })
	group.Go(func() error { return a.serveHTTP(ctx) })
	return group.Wait()
}

func (a *App) serveHTTP(ctx context.Context) error {
	server := &http.Server{
		Handler: a.handler,
		// Bounds how long a client that sends its headers slowly can occupy a connection.
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(a.logger.Handler(), slog.LevelDebug),
		// Ends streams when the gateway stops.
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	drained := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { drained <- shutdown(server) }) //nolint:contextcheck // ctx has ended by then
	if err := server.Serve(a.httpListener); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return err
	}
	return <-drained
}

// shutdown stops the server gracefully, or forcibly when drainLimit has passed.
func shutdown(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), drainLimit)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return server.Close()
	}
	return nil
}

// Close releases everything that New opened, in reverse order. It may be called several times.
func (a *App) Close() error {
	var errs []error
	for len(a.closers) > 0 {
		last := len(a.closers) - 1
		errs = append(errs, a.closers[last]())
		a.closers = a.closers[:last]
	}
	return errors.Join(errs...)
}
