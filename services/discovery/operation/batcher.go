package operation

import (
	"context"
	"sync"
)

// batcher turns many requests that come at about the same time into one call: requests
// that come while a call is running go into the next one. The targets of an operation are
// worked on one by one, and the cloud is asked about many at once.
type batcher[Request, Response any] struct {
	// do returns a response for each request, in their order.
	do func(ctx context.Context, requests []Request) ([]Response, error)
	// limit is the number of requests in one call.
	limit int
	ctx   context.Context //nolint:containedctx // That of the calls, which serve several callers.

	mu      sync.Mutex
	pending []*pendingRequest[Request, Response]
	running bool
	calls   sync.WaitGroup
}

type pendingRequest[Request, Response any] struct {
	request Request
	result  chan result[Response]
}

type result[Response any] struct {
	response Response
	err      error
}

func newBatcher[Request, Response any](
	ctx context.Context, limit int, do func(context.Context, []Request) ([]Response, error),
) *batcher[Request, Response] {
	return &batcher[Request, Response]{do: do, limit: limit, ctx: ctx}
}

// ask makes one request, and waits for its response.
func (b *batcher[Request, Response]) ask(ctx context.Context, request Request) (Response, error) {
	pending := &pendingRequest[Request, Response]{request: request, result: make(chan result[Response], 1)}
	b.mu.Lock()
	b.pending = append(b.pending, pending)
	if !b.running {
		b.running = true
		b.calls.Go(b.work)
	}
	b.mu.Unlock()
	select {
	case r := <-pending.result:
		return r.response, r.err
	case <-ctx.Done():
		var zero Response
		return zero, context.Cause(ctx)
	}
}

// work makes calls while requests are pending.
func (b *batcher[Request, Response]) work() {
	for {
		b.mu.Lock()
		batch := b.pending[:min(b.limit, len(b.pending))]
		b.pending = b.pending[len(batch):]
		b.running = len(batch) > 0
		b.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		requests := make([]Request, len(batch))
		for n := range batch {
			requests[n] = batch[n].request
		}
		responses, err := b.do(b.ctx, requests)
		for n := range batch {
			r := result[Response]{err: err}
			if err == nil {
				r.response = responses[n]
			}
			batch[n].result <- r
		}
	}
}

// wait waits for the calls that are running.
func (b *batcher[Request, Response]) wait() { b.calls.Wait() }
