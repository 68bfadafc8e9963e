// Package lifecycle starts and stops an application: what it opened, what runs in it,
// and in which order that ends.
//
//	Build ── Listen, Defer, Start, Go ──▶ Run ─────────▶ tasks end ─────▶ Close
//	            │ error                    │ the context    the stop        in reverse
//	            ▼                          │ ends, or a     functions run,
//	          Close                        └ task fails     servers drain
//
// Tasks (Go) run side by side from the start of Run to the end of its context.
// Services that depend on each other (Start) run from the moment they are started,
// and Close stops them in reverse, each one while those it depends on still serve.
//
// The four services and `rollcall up` use it:
//
//	a := &App{life: lifecycle.New()}
//	err := a.life.Build(func() error {
//		store, err := postgres.Open(ctx, …)
//		if err != nil {
//			return err
//		}
//		a.life.Defer(store.Close)
//		listener, err := a.life.Listen(ctx, config.GRPC)
//		if err != nil {
//			return err
//		}
//		a.life.Go("gRPC", func(ctx context.Context) error { return server.Serve(ctx, listener) })
//		return nil
//	})
package lifecycle
