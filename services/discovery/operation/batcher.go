package operation

import (
	"context"
	"sync"
)

// batcher makes one call of many that are asked for at about the same time: what
// comes while a call is under way goes into the next. An operation looks at its
// instances one by one, and the cloud is asked for many at once.
type batcher[In, Out any] struct {
	// do answers each, in their order.
	do func(ctx context.Context, asked []In) ([]Out, error)
	// most that go into one call.
	most int
	ctx  context.Context //nolint:containedctx // The calls', which belong to several askers.

	mu      sync.Mutex
	waiting []*asking[In, Out]
	busy    bool
	calls   sync.WaitGroup
}

type asking[In, Out any] struct {
	in     In
	answer chan answered[Out]
}

type answered[Out any] struct {
	out Out
	err error
}

func newBatcher[In, Out any](ctx context.Context, most int, do func(context.Context, []In) ([]Out, error)) *batcher[In, Out] {
	return &batcher[In, Out]{do: do, most: most, ctx: ctx}
}

// ask asks for one, and waits for its answer.
func (b *batcher[In, Out]) ask(ctx context.Context, in In) (Out, error) {
	asked := &asking[In, Out]{in: in, answer: make(chan answered[Out], 1)}
	b.mu.Lock()
	b.waiting = append(b.waiting, asked)
	if !b.busy {
		b.busy = true
		b.calls.Go(b.work)
	}
	b.mu.Unlock()
	select {
	case a := <-asked.answer:
		return a.out, a.err
	case <-ctx.Done():
		var none Out
		return none, context.Cause(ctx)
	}
}

// work makes calls until nobody waits.
func (b *batcher[In, Out]) work() {
	for {
		b.mu.Lock()
		batch := b.waiting[:min(b.most, len(b.waiting))]
		b.waiting = b.waiting[len(batch):]
		b.busy = len(batch) > 0
		b.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		in := make([]In, len(batch))
		for n := range batch {
			in[n] = batch[n].in
		}
		out, err := b.do(b.ctx, in)
		for n := range batch {
			a := answered[Out]{err: err}
			if err == nil {
				a.out = out[n]
			}
			batch[n].answer <- a
		}
	}
}

// wait waits for the calls that are under way.
func (b *batcher[In, Out]) wait() { b.calls.Wait() }
