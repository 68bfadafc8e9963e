package console

import (
	"net/http"
	"time"

	"github.com/rollcall-dev/rollcall/services/gateway"
)

// New returns the handler of the start page, `/`.
func New(upstreams gateway.Upstreams) http.Handler {
	reader := newReader(upstreams)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		state := ParseState(r.URL.Query())
		view := build(state, reader.read(r.Context(), state), origin(r), time.Now())
		header := w.Header()
		header.Set("Content-Type", "text/html; charset=utf-8")
		header.Set("Cache-Control", "no-store")
		header.Set("Vary", "HX-Request")
		component := document(view) //nolint:contextcheck // Render has the context
		if r.Header.Get("HX-Request") == "true" {
			component = live(view) //nolint:contextcheck // as above
		}
		_ = component.Render(r.Context(), w) // Fails only if the client has disconnected.
	})
}

// origin returns the URL under which the browser reached the gateway, for commands to copy.
func origin(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}
