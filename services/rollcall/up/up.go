package up

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/lifecycle"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// Run runs all of Rollcall until ctx ends, or until a part of it stops unexpectedly, which is an
// error. It then closes everything in reverse order.
func Run(ctx context.Context, cfg Config, screen Screen) (err error) {
	if err := cfg.complete(); err != nil {
		return err
	}
	r := &run{cfg: cfg, life: lifecycle.New(), out: &printer{screen: screen}}
	defer func() {
		if err = errors.Join(err, r.life.Close()); err == nil {
			r.out.step("Stopped.")
		}
	}()
	if err := r.start(ctx); err != nil {
		if ctx.Err() != nil { // stopped during the start, which is not a failure
			return nil
		}
		return err
	}
	r.life.Go("the first sync", func(ctx context.Context) error { r.firstSync(ctx); return nil })
	r.life.OnStop(func() {
		if ctx.Err() != nil {
			r.out.step("Stopping.")
		}
	})
	return r.life.Run(ctx)
}

// run is one run of `rollcall up`.
type run struct {
	cfg    Config
	life   *lifecycle.App
	out    *printer
	logger *slog.Logger
	log    string // path of the log file, or "" for stderr

	// httpAddr and grpcAddr are the addresses at which this machine reaches the gateway.
	httpAddr, grpcAddr string

	services services
	source   source
}

// start opens everything in the order of the package comment.
func (r *run) start(ctx context.Context) error {
	if err := r.openLog(); err != nil {
		return err
	}
	if err := r.listen(ctx); err != nil {
		return err
	}
	began := time.Now()
	db, err := openDatabase(ctx, r.cfg, r.logger, r.out)
	if err != nil {
		return err
	}
	r.life.DeferError("Postgres", db.close)
	urls, err := db.provision(ctx, r.cfg, "accounts", "inventory", "discovery")
	if err != nil {
		return err
	}
	if err := r.startStores(ctx, urls); err != nil {
		return err
	}
	if err := r.chooseSource(ctx); err != nil {
		return err
	}
	if err := r.startDiscovery(ctx, urls); err != nil {
		return err
	}
	r.logger.Info("rollcall started", "duration", time.Since(began))
	r.announce()
	return nil
}

// listen opens the listeners of the gateway, so that an address that is in use is an error before
// Postgres starts.
func (r *run) listen(ctx context.Context) error {
	for _, l := range []struct {
		endpoint *serve.Endpoint
		variable string
		reached  *string
	}{
		{&r.cfg.HTTP, "ROLLCALL_HTTP_ADDR", &r.httpAddr}, {&r.cfg.GRPC, "ROLLCALL_GRPC_ADDR", &r.grpcAddr},
	} {
		listener, err := r.life.Listen(ctx, *l.endpoint)
		if err != nil {
			return explainPort(l.endpoint.String(), l.variable, err)
		}
		*l.reached = reachedAt(*l.endpoint, listener.Addr())
		*l.endpoint = serve.Listener(listener)
	}
	return nil
}

// openLog opens the log: a file if the screen is a terminal, because the log would hide the
// messages there.
func (r *run) openLog() error {
	r.cfg.Out = r.out.screen.LogOut
	if r.out.screen.Terminal {
		file, err := openLogFile(r.cfg.DataDir)
		if err != nil {
			return err
		}
		r.life.DeferError("the log", file.Close)
		r.cfg.Out, r.log = file, file.path
	}
	r.logger = r.cfg.Logger(r.cfg.Out)
	return nil
}
