package console

import (
	"net/http"
	"time"

	"github.com/rollcall-dev/rollcall/services/gateway"
)

// New serves the console's page at `/`.
func New(upstreams gateway.Upstreams) http.Handler {
	reader := newReader(upstreams)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		state := ParseState(r.URL.Query())
		view := build(state, reader.read(r.Context(), state), origin(r), time.Now())
		header := w.Header()
		header.Set("Content-Type", "text/html; charset=utf-8")
		header.Set("Cache-Control", "no-store")
		header.Set("Vary", "HX-Request")
		component := document(view) //nolint:contextcheck // Render brings the context
		if r.Header.Get("HX-Request") == "true" {
			component = live(view) //nolint:contextcheck // as above
		}
		_ = component.Render(r.Context(), w) // Fails only when the browser has gone.
	})
}

// origin is how the browser reached us, for commands to copy.
func origin(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}
