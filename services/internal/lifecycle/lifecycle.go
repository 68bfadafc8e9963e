package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// App is the lifecycle of one application. Its methods are called from one
// goroutine, except Close, which may be called from any and more than once.
type App struct {
	closers []closer
	tasks   []task
	stops   []func()
	// ended has the error of the first started service that ended by itself.
	ended   chan error
	closing sync.Once
}

// closer is a function that Close calls. The name may be empty.
type closer struct {
	name  string
	close func() error
}

type task struct {
	name string
	run  func(context.Context) error
}

// New returns the lifecycle of an application that has opened nothing.
func New() *App { return &App{ended: make(chan error, 1)} }

// Build calls build, which opens the parts of the application. If it fails, the
// parts that are open are closed in reverse.
func (a *App) Build(build func() error) error {
	if err := build(); err != nil {
		return errors.Join(err, a.Close())
	}
	return nil
}

// Defer registers a function that Close calls. The last one registered is called
// first.
func (a *App) Defer(closeIt func()) {
	a.DeferError("", func() error { closeIt(); return nil })
}

// DeferError registers a function that Close calls, as Defer does. Its error is
// returned by Close, with the name of what could not be closed.
func (a *App) DeferError(name string, closeIt func() error) {
	a.closers = append(a.closers, closer{name: name, close: closeIt})
}

// Listener is an endpoint that can be listened on, such as serve.Endpoint.
type Listener interface {
	Listen(ctx context.Context) (net.Listener, error)
}

// Listen opens an endpoint. Close closes the listener, unless its server did.
func (a *App) Listen(ctx context.Context, endpoint Listener) (net.Listener, error) {
	listener, err := endpoint.Listen(ctx)
	if err != nil {
		return nil, err
	}
	a.DeferError("the listener at "+listener.Addr().String(), func() error {
		if err := listener.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	return listener, nil
}

// Go registers a task that runs during Run, until its context ends. If it fails, all
// tasks end.
func (a *App) Go(name string, run func(context.Context) error) {
	a.tasks = append(a.tasks, task{name: name, run: run})
}

// OnStop registers a function that is called as soon as Run stops, before its tasks
// have ended. It ends the calls that servers wait for while they drain.
func (a *App) OnStop(stop func()) { a.stops = append(a.stops, stop) }

// Start runs a service at once, and until Close stops it, even if ctx ends before:
// services that were started later may need it until they are stopped. If it ends by
// itself, Run returns an error.
func (a *App) Start(ctx context.Context, name string, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() {
		err := run(ctx)
		if ctx.Err() == nil {
			a.report(endedError(name, err))
		}
		ended <- err
	}()
	a.DeferError(name, func() error {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	})
}

// report stores the error of the first service that ended by itself; it is the cause
// of those after it.
func (a *App) report(err error) {
	select {
	case a.ended <- err:
	default:
	}
}

func endedError(name string, err error) error {
	if err == nil {
		return fmt.Errorf("%s ended without an error", name)
	}
	return fmt.Errorf("%s ended: %w", name, err)
}

// Ended returns a channel with the error of the first started service that ended by
// itself.
func (a *App) Ended() <-chan error { return a.ended }

// Run runs the tasks until ctx ends, a task fails or a started service ends by
// itself. Then it closes the application. It returns nil if ctx ended and everything
// stopped without an error.
func (a *App) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, a.Close()) }()
	group, ctx := errgroup.WithContext(ctx)
	for _, t := range a.tasks {
		group.Go(func() error {
			if err := t.run(ctx); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			return nil
		})
	}
	group.Go(func() error {
		select {
		case err := <-a.ended:
			return err
		case <-ctx.Done():
			a.stop()
			return nil
		}
	})
	return group.Wait()
}

// stop calls the stop functions in reverse.
func (a *App) stop() {
	for _, stop := range slices.Backward(a.stops) {
		stop()
	}
}

// Close closes what the application opened, in reverse. Run and a failed Build do it
// by themselves; calling it again has no effect.
func (a *App) Close() error {
	var errs []error
	a.closing.Do(func() {
		for _, c := range slices.Backward(a.closers) {
			if err := c.close(); err != nil {
				errs = append(errs, fmt.Errorf("close %s: %w", c.name, err))
			}
		}
	})
	return errors.Join(errs...)
}
