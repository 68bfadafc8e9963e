// Package web is the middleware of the gateway's HTTP handlers: request ids, the access log,
// recovery from panics, security headers, compression, and protection against cross-site request
// forgery.
//
//	request ─▶ id ─▶ log ─▶ recover ─▶ headers ─▶ same origin ─▶ gzip ─▶ handler
package web

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"github.com/rollcall-dev/rollcall/services/gateway/rest"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// Wrap returns next wrapped in all middleware.
func Wrap(logger *slog.Logger, next http.Handler) (http.Handler, error) {
	compressed, err := compress(next)
	if err != nil {
		return nil, err
	}
	return requestID(logRequests(logger, recoverPanics(logger, securityHeaders(sameOrigin(compressed))))), nil
}

// validID matches the request ids that a caller may choose: short, and safe in a header and in a
// log.
var validID = regexp.MustCompile(`^[A-Za-z0-9._:/+=-]{1,128}$`)

// requestID gives each request an id, which is the caller's own if it is valid, and returns it in
// the response.
func requestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(rest.RequestIDHeader)
		if !validID.MatchString(id) {
			id = rand.Text()
			r.Header.Set(rest.RequestIDHeader, id)
		}
		w.Header().Set(rest.RequestIDHeader, id)
		next.ServeHTTP(w, r)
	})
}

// logRequests logs each request: at debug level, or as a warning if the response is a server
// error.
func logRequests(logger *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		response := &countingWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(response, r)
		level := slog.LevelDebug
		if response.status >= http.StatusInternalServerError {
			level = slog.LevelWarn
		}
		logger.Log(r.Context(), level, "http request", "method", r.Method, "path", r.URL.Path, "status", response.status,
			"bytes", response.bytes, "duration", time.Since(start), "request_id", r.Header.Get(rest.RequestIDHeader))
	})
}

// countingWriter remembers the status and the size of a response.
type countingWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
	wrote  bool
}

func (r *countingWriter) WriteHeader(status int) {
	if !r.wrote {
		r.status, r.wrote = status, true
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *countingWriter) Write(p []byte) (int, error) {
	r.wrote = true
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (r *countingWriter) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Flush is for handlers that use http.Flusher.
func (r *countingWriter) Flush() { _ = http.NewResponseController(r.ResponseWriter).Flush() }

// recoverPanics responds to a panic with INTERNAL and logs it with its stack.
func recoverPanics(logger *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p) // The way of net/http to abort a response.
			}
			logger.ErrorContext(r.Context(), "panic in a handler", "panic", p, "stack", string(debug.Stack()), "path", r.URL.Path)
			rest.WriteStatus(w, http.StatusInternalServerError, serve.FaultStatus(
				fault.New(fault.KindInternal, fault.ReasonInternal, "internal error; see the server's log for the cause")))
		}()
		next.ServeHTTP(w, r)
	})
}

// contentSecurityPolicy allows pages to use only what the gateway serves: no inline scripts or
// styles, no other origins, and no frames around them.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func securityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", contentSecurityPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses write requests that a page of another site made a browser send. Programs send
// neither Origin nor Sec-Fetch-Site and are allowed.
func sameOrigin(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		rest.WriteStatus(w, http.StatusForbidden, serve.FaultStatus(
			fault.New(fault.KindPermissionDenied, fault.ReasonCrossOrigin, "the request came from a page of another site; only pages of this server may change data")))
	}))
	return guard.Handler(next)
}

// compress compresses responses for clients that accept it. It leaves streams alone, because each
// message must be sent immediately.
func compress(next http.Handler) (http.Handler, error) {
	wrap, err := gzhttp.NewWrapper(
		gzhttp.ContentTypeFilter(func(contentType string) bool {
			return !strings.HasPrefix(contentType, "application/x-ndjson") && !strings.HasPrefix(contentType, "text/event-stream") &&
				gzhttp.DefaultContentTypeFilter(contentType)
		}),
	)
	if err != nil {
		return nil, err
	}
	return wrap(next), nil
}
