package gcp

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
)

// eachPage reads the pages of a listing, and fetches the next page while it uses one. fetch returns
// a page and the token of the next one, or "" after the last one. A listing that returns the same
// token twice fails.
func eachPage[P any](ctx context.Context, c call, fetch func(ctx context.Context, token string) (P, string, error), use func(P) error) error {
	type result struct {
		page P
		next string
		err  error
		// panicked is the panic of fetch with its stack. The goroutine of the caller panics in its
		// place.
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
	var tokens providerkit.PageTokens
	begin("")
	for {
		r := <-fetched
		if r.panicked != "" {
			panic(r.panicked)
		}
		if r.err == nil {
			r.err = tokens.Next(c.String(), r.next)
		}
		if r.err != nil {
			return r.err
		}
		if r.next != "" {
			begin(r.next)
		}
		if err := use(r.page); err != nil {
			if cancel(); r.next != "" {
				<-fetched // No fetch outlives the listing.
			}
			return err
		}
		if r.next == "" {
			return nil
		}
	}
}
