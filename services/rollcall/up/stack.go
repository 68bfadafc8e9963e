package up

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// stack has everything that was opened, in order. It is closed in reverse order.
type stack struct {
	layers []layer
	// ended receives the error of the first service that ended without being stopped.
	ended chan error
}

type layer struct {
	name  string
	close func() error
}

func newStack() *stack { return &stack{ended: make(chan error, 1)} }

// push adds a function that close calls.
func (s *stack) push(name string, closeIt func() error) {
	s.layers = append(s.layers, layer{name: name, close: closeIt})
}

// run serves a service until the stack is closed. It ignores the end of ctx, because the layers above
// need the service until they are closed.
func (s *stack) run(ctx context.Context, name string, serve func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() {
		err := serve(ctx)
		if ctx.Err() == nil {
			select {
			case s.ended <- fmt.Errorf("%s ended: %w", name, cmpErr(err)):
			default: // another service ended first, which is the cause
			}
		}
		ended <- err
	}()
	s.push(name, func() error {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	})
}

// close closes everything in reverse order and returns all errors.
func (s *stack) close() error {
	var errs []error
	for _, l := range slices.Backward(s.layers) {
		if err := l.close(); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", l.name, err))
		}
	}
	s.layers = nil
	return errors.Join(errs...)
}

// cmpErr returns err, or an error for a service that ended without one.
func cmpErr(err error) error {
	if err == nil {
		return errors.New("without an error")
	}
	return err
}
