package up

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// stack is what was opened, the last on top. It is closed from the top down.
type stack struct {
	layers []layer
	// ended takes the error of the first service that ended though nobody stopped it.
	ended chan error
}

type layer struct {
	name  string
	close func() error
}

func newStack() *stack { return &stack{ended: make(chan error, 1)} }

// push adds something that is to be closed.
func (s *stack) push(name string, closeIt func() error) {
	s.layers = append(s.layers, layer{name: name, close: closeIt})
}

// run serves a service until the stack is closed: also past the end of ctx, for those above it need it until they are closed.
func (s *stack) run(ctx context.Context, name string, serve func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() {
		err := serve(ctx)
		if ctx.Err() == nil {
			select {
			case s.ended <- fmt.Errorf("%s ended: %w", name, cmpErr(err)):
			default: // another one ended before: that is the cause
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

// close closes everything from the top down and returns what went wrong with it.
func (s *stack) close() error {
	var errs []error
	for _, l := range slices.Backward(s.layers) {
		if err := l.close(); err != nil {
			errs = append(errs, fmt.Errorf("stopping %s: %w", l.name, err))
		}
	}
	s.layers = nil
	return errors.Join(errs...)
}

// cmpErr is err, or the fact that there was none.
func cmpErr(err error) error {
	if err == nil {
		return errors.New("without an error")
	}
	return err
}
