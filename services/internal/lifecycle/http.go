package lifecycle

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// ServeHTTP serves listener until ctx ends. Running requests may then take the drain
// time to end, and are cut off after it. It closes the listener.
func ServeHTTP(ctx context.Context, server *http.Server, listener net.Listener, drain time.Duration) error {
	drained := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { drained <- shutdown(server, drain) }) //nolint:contextcheck // ctx has ended by then
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return err
	}
	return <-drained
}

// shutdown stops the server, at first gracefully.
func shutdown(server *http.Server, drain time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return server.Close()
	}
	return nil
}
