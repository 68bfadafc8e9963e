// Package web is what every HTTP answer of the gateway has around it: a request
// id, a line in the log, security headers, compression, and a guard against
// requests that another site makes a browser send.
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

// Wrap puts all of it around a handler.
func Wrap(logger *slog.Logger, next http.Handler) (http.Handler, error) {
	compressed, err := compress(next)
	if err != nil {
		return nil, err
	}
	return requestID(logged(logger, recovered(logger, securityHeaders(sameOrigin(compressed))))), nil
}

// goodID is an id that a caller may give its request: short, and harmless in a
// header and a log.
var goodID = regexp.MustCompile(`^[A-Za-z0-9._:/+=-]{1,128}$`)

// requestID gives each request an id, the caller's own when it brings a good
// one, and answers with it.
func requestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(rest.RequestIDHeader)
		if !goodID.MatchString(id) {
			id = rand.Text()
			r.Header.Set(rest.RequestIDHeader, id)
		}
		w.Header().Set(rest.RequestIDHeader, id)
		next.ServeHTTP(w, r)
	})
}

// logged writes a line a request: at debug level, or as a warning when the
// fault was on our side.
func logged(logger *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		answer := &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r)
		level := slog.LevelDebug
		if answer.status >= http.StatusInternalServerError {
			level = slog.LevelWarn
		}
		logger.Log(r.Context(), level, "http request", "method", r.Method, "path", r.URL.Path, "status", answer.status,
			"bytes", answer.bytes, "duration", time.Since(start), "request_id", r.Header.Get(rest.RequestIDHeader))
	})
}

// recorder notes how a request was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
	wrote  bool
}

func (r *recorder) WriteHeader(status int) {
	if !r.wrote {
		r.status, r.wrote = status, true
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	r.wrote = true
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController find the rest.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Flush is for handlers that look for http.Flusher.
func (r *recorder) Flush() { _ = http.NewResponseController(r.ResponseWriter).Flush() }

// recovered answers a panic with INTERNAL, and logs it with its stack.
func recovered(logger *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p) // net/http's own way to cut an answer short.
			}
			logger.ErrorContext(r.Context(), "panic in a handler", "panic", p, "stack", string(debug.Stack()), "path", r.URL.Path)
			rest.WriteStatus(w, http.StatusInternalServerError, serve.FaultStatus(
				fault.New(fault.KindInternal, "INTERNAL", "internal error; the server's log has the cause")))
		}()
		next.ServeHTTP(w, r)
	})
}

// contentSecurityPolicy lets pages use what the gateway serves and nothing
// else: no inline script or style, no foreign origin, no frame around them.
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

// sameOrigin refuses writes that another site makes a browser send. Programs
// send neither Origin nor Sec-Fetch-Site and pass.
func sameOrigin(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		rest.WriteStatus(w, http.StatusForbidden, serve.FaultStatus(
			fault.New(fault.KindPermissionDenied, "CROSS_ORIGIN", "a page of another site may not change anything here")))
	}))
	return guard.Handler(next)
}

// compress packs answers for those who ask for it. Streams are left alone: each
// message must leave at once.
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
