package aws

import (
	"context"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// patience is how long a body may keep its place in the gate while nothing
// comes.
const patience = 250 * time.Millisecond

// gate lets only so many bodies be read at the same time, first come, first
// served. A page of 1000 instances takes some 10 MB while it is being decoded, so
// this is what bounds the memory of a process, and not how many calls wait for
// an answer. A body that stalls loses its place until more comes: a hung region
// keeps nobody out.
type gate struct{ places *semaphore.Weighted }

func newGate(places int) *gate {
	return &gate{places: semaphore.NewWeighted(int64(places))}
}

// guard is body behind the gate.
func (g *gate) guard(ctx context.Context, body io.ReadCloser) io.ReadCloser {
	b := &gatedBody{ctx: ctx, gate: g, body: body}
	b.stalled = time.AfterFunc(time.Hour, b.leave)
	b.stalled.Stop()
	return b
}

type gatedBody struct {
	ctx     context.Context //nolint:containedctx // The request's: an io.Reader is given none.
	gate    *gate
	body    io.ReadCloser
	stalled *time.Timer

	mu     sync.Mutex
	inside bool
	// waiting tells that a Read waits for data, so that the place may be taken
	// away.
	waiting bool
}

// Read reads some of the body, once there is a place.
func (b *gatedBody) Read(p []byte) (int, error) {
	if err := b.enter(); err != nil {
		return 0, err
	}
	b.stalled.Reset(patience)
	n, err := b.body.Read(p)
	b.stalled.Stop()
	b.mu.Lock()
	b.waiting = false
	b.mu.Unlock()
	if err != nil {
		b.exit()
	}
	return n, err
}

// Close ends the reading.
func (b *gatedBody) Close() error {
	b.stalled.Stop()
	b.exit()
	return b.body.Close()
}

func (b *gatedBody) enter() error {
	b.mu.Lock()
	inside := b.inside
	if inside {
		b.waiting = true
	}
	b.mu.Unlock()
	if inside {
		return nil
	}
	if err := b.gate.places.Acquire(b.ctx, 1); err != nil {
		return err
	}
	b.mu.Lock()
	b.inside, b.waiting = true, true
	b.mu.Unlock()
	return nil
}

// leave gives the place up while a Read waits for data.
func (b *gatedBody) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.inside && b.waiting {
		b.inside = false
		b.gate.places.Release(1)
	}
}

// exit gives the place back, if there is one.
func (b *gatedBody) exit() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.inside {
		b.inside = false
		b.gate.places.Release(1)
	}
}
