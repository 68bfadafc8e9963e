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

// gate lets only so many pages be in memory at the same time, first come, first
// served. A page of 1000 instances takes some 10 MB while it is decoded and
// passed on, so this is what bounds the memory of a process, and not how many
// calls wait for an answer. A body that stalls loses its place until more comes:
// a hung region keeps nobody out.
type gate struct{ places *semaphore.Weighted }

func newGate(places int) *gate {
	return &gate{places: semaphore.NewWeighted(int64(places))}
}

// place is one page's right to be in memory: taken when its body begins to be
// read, and to be left when the page was passed on.
type place struct {
	gate    *gate
	stalled *time.Timer

	mu     sync.Mutex
	inside bool
	// waiting tells that a read waits for data, so that the place may be taken
	// away.
	waiting bool
}

type placeKey struct{}

// place is one for the page that is asked for by ctx, which it gives.
func (g *gate) place(ctx context.Context) (context.Context, *place) {
	p := &place{gate: g}
	p.stalled = time.AfterFunc(time.Hour, p.leaveIfWaiting)
	p.stalled.Stop()
	return context.WithValue(ctx, placeKey{}, p), p
}

// guarded is a body that is read only from within the place of ctx. Without one
// it is as it was: not every answer is a page.
func guarded(ctx context.Context, body io.ReadCloser) io.ReadCloser {
	p, ok := ctx.Value(placeKey{}).(*place)
	if !ok {
		return body
	}
	return &guardedBody{ReadCloser: body, ctx: ctx, place: p}
}

// guardedBody is read from within a place.
type guardedBody struct {
	io.ReadCloser
	ctx   context.Context //nolint:containedctx // The request's: an io.Reader is given none.
	place *place
}

// Read reads some of the body, once there is a place.
func (b *guardedBody) Read(buffer []byte) (int, error) {
	if err := b.place.enter(b.ctx); err != nil {
		return 0, err
	}
	defer b.place.arrived()
	return b.ReadCloser.Read(buffer)
}

// enter takes the place, if it is not taken yet, and begins to wait for data.
func (p *place) enter(ctx context.Context) error {
	p.mu.Lock()
	inside := p.inside
	p.waiting = inside
	p.mu.Unlock()
	if !inside {
		if err := p.gate.places.Acquire(ctx, 1); err != nil {
			return err
		}
		p.mu.Lock()
		p.inside, p.waiting = true, true
		p.mu.Unlock()
	}
	p.stalled.Reset(patience)
	return nil
}

// arrived ends the waiting for data.
func (p *place) arrived() {
	p.stalled.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = false
}

// leave gives the place back, if it is taken.
func (p *place) leave() {
	p.stalled.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.release()
}

// leaveIfWaiting gives the place back while nothing comes.
func (p *place) leaveIfWaiting() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting {
		p.release()
	}
}

func (p *place) release() {
	if p.inside {
		p.inside = false
		p.gate.places.Release(1)
	}
}
