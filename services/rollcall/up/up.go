package up

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Run runs all of Rollcall until ctx ends, or until a part of it ends by itself, which is an error. Then all that was
// opened is closed in reverse.
func Run(ctx context.Context, cfg Config, screen Screen) (err error) {
	if err := cfg.complete(); err != nil {
		return err
	}
	r := &run{cfg: cfg, open: newStack(), tell: &teller{screen: screen}}
	defer func() {
		if err = errors.Join(err, r.open.close()); err == nil {
			r.tell.step("Stopped.")
		}
	}()
	if err := r.start(ctx); err != nil {
		if ctx.Err() != nil { // told to stop meanwhile: that is no failure
			return nil
		}
		return err
	}
	watched, endWatch := context.WithCancel(ctx)
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		r.firstSync(watched)
	}()
	defer func() { endWatch(); <-watching }()
	select {
	case <-ctx.Done():
		r.tell.step("Stopping.")
		return nil
	case err := <-r.open.ended:
		return err
	}
}

// run is one life of `rollcall up`.
type run struct {
	cfg    Config
	open   *stack
	tell   *teller
	logger *slog.Logger
	log    string // the log's path; empty: stderr

	services services
	cloud    cloud
}

// start opens everything, from the ground up.
func (r *run) start(ctx context.Context) error {
	if err := r.openLog(); err != nil {
		return err
	}
	if err := checkPorts(ctx, r.cfg); err != nil {
		return err
	}
	began := time.Now()
	db, err := openDatabase(ctx, r.cfg, r.logger, r.tell)
	if err != nil {
		return err
	}
	r.open.push("Postgres", db.close)
	urls, err := db.provision(ctx, r.cfg, "accounts", "inventory", "discovery")
	if err != nil {
		return err
	}
	if err := r.startRoll(ctx, urls); err != nil {
		return err
	}
	if err := r.chooseCloud(ctx); err != nil {
		return err
	}
	if err := r.startReading(ctx, urls); err != nil {
		return err
	}
	r.logger.Info("rollcall is up", "took", time.Since(began))
	r.announce()
	return nil
}

// openLog sends the log to a file when the screen is a terminal: people read the screen, and the log says too much.
func (r *run) openLog() error {
	r.cfg.Out = r.tell.screen.LogOut
	if r.tell.screen.Terminal {
		file, err := openLogFile(r.cfg.DataDir)
		if err != nil {
			return err
		}
		r.open.push("the log", file.Close)
		r.cfg.Out, r.log = file, file.path
	}
	r.logger = r.cfg.Logger(r.cfg.Out)
	return nil
}
