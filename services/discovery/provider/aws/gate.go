package aws

import (
	"context"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// patience is how long a body may keep its place in the gate while no data arrives.
const patience = 250 * time.Millisecond

// gate limits how many pages are in memory at the same time, first come, first served. A page of
// 1000 instances takes about 10 MB while it is decoded and passed on, so the gate bounds the
// memory of the process, and the number of calls that wait for an answer does not. A body that
// stalls loses its place until more data arrives, so that a hung region blocks no other.
type gate struct{ places *semaphore.Weighted }

func newGate(places int) *gate {
	return &gate{places: semaphore.NewWeighted(int64(places))}
}

// place is the right of one page to be in memory. It is taken when the first byte of the body is
// read, and must be left when the page was passed on.
type place struct {
	gate    *gate
	stalled *time.Timer

	mu     sync.Mutex
	inside bool
	// waiting reports that a read waits for data, so that the place may be taken away.
	waiting bool
}

type placeKey struct{}

// place returns a place for a page, and the context to request that page with.
func (g *gate) place(ctx context.Context) (context.Context, *place) {
	p := &place{gate: g}
	p.stalled = time.AfterFunc(time.Hour, p.leaveIfWaiting)
	p.stalled.Stop()
	return context.WithValue(ctx, placeKey{}, p), p
}

// guarded returns a body that is read only while it has the place of ctx. If ctx has none, it returns
// the body itself: not every answer is a page.
func guarded(ctx context.Context, body io.ReadCloser) io.ReadCloser {
	p, ok := ctx.Value(placeKey{}).(*place)
	if !ok {
		return body
	}
	return &guardedBody{ReadCloser: body, ctx: ctx, place: p}
}

// guardedBody is a body that needs a place.
type guardedBody struct {
	io.ReadCloser
	ctx   context.Context //nolint:containedctx // That of the request: an io.Reader receives none.
	place *place
}

// Read waits for the place and reads from the body.
func (b *guardedBody) Read(buffer []byte) (int, error) {
	if err := b.place.enter(b.ctx); err != nil {
		return 0, err
	}
	defer b.place.arrived()
	return b.ReadCloser.Read(buffer)
}

// enter takes the place, unless it has it already, and begins to wait for data.
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

// arrived ends the wait for data.
func (p *place) arrived() {
	p.stalled.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = false
}

// leave gives the place back.
func (p *place) leave() {
	p.stalled.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.release()
}

// leaveIfWaiting gives the place back if a read waits for data.
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
