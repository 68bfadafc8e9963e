package gcp

import (
	"context"
	"fmt"
	"hash/maphash"
	"runtime/debug"
)

// eachPage follows the pages of a listing, and fetches one while the one before
// it is put to use. fetch gives a page and the token of the next, "" after the
// last.
func eachPage[P any](ctx context.Context, at call, fetch func(ctx context.Context, token string) (P, string, error), use func(P) error) error {
	type result struct {
		page P
		next string
		err  error
		// panicked is what fetch panicked with, and where: the caller's goroutine
		// panics in its place.
		panicked string
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	fetched := make(chan result, 1)
	begin := func(token string) {
		go func() {
			var r result
			defer func() {
				if p := recover(); p != nil {
					r.panicked = fmt.Sprintf("%v\n%s", p, debug.Stack())
				}
				fetched <- r
			}()
			r.page, r.next, r.err = fetch(ctx, token)
		}()
	}
	var tokens tokens
	begin("")
	for {
		r := <-fetched
		if r.panicked != "" {
			panic(r.panicked)
		}
		if r.err == nil {
			r.err = tokens.next(at, r.next)
		}
		if r.err != nil {
			return r.err
		}
		if r.next != "" {
			begin(r.next)
		}
		if err := use(r.page); err != nil {
			if cancel(); r.next != "" {
				<-fetched // Nothing goes on behind our back.
			}
			return err
		}
		if r.next == "" {
			return nil
		}
	}
}

// tokens are the page tokens of one listing. Google never gives one twice; what
// does would be followed for ever.
type tokens struct {
	seed maphash.Seed
	seen map[uint64]struct{}
}

// next takes the token that leads on from a page, or none.
func (t *tokens) next(at call, token string) error {
	if token == "" {
		return nil
	}
	if t.seen == nil {
		t.seed, t.seen = maphash.MakeSeed(), map[uint64]struct{}{}
	}
	hash := maphash.String(t.seed, token)
	if _, again := t.seen[hash]; again {
		return nonsense(at.String() + " goes in circles: it gave the same page token twice")
	}
	t.seen[hash] = struct{}{}
	return nil
}
