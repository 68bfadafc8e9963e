package web

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/gateway/rest"
)

// send sends a request through all middleware and returns the response and the log.
func send(t *testing.T, next http.HandlerFunc, request *http.Request) (*httptest.ResponseRecorder, string) {
	t.Helper()
	var log bytes.Buffer
	handler, err := Wrap(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), next)
	if err != nil {
		t.Fatal(err)
	}
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, request)
	return response, log.String()
}

func TestWrap_RequestID(t *testing.T) {
	t.Parallel()
	for given, kept := range map[string]bool{"": false, "mine-1": true, "a b": false, "x\ny": false, strings.Repeat("a", 128): true, strings.Repeat("a", 129): false} {
		var seen string
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.Header[http.CanonicalHeaderKey(rest.RequestIDHeader)] = []string{given}
		response, log := send(t, func(_ http.ResponseWriter, r *http.Request) { seen = r.Header.Get(rest.RequestIDHeader) }, request)
		got := response.Header().Get(rest.RequestIDHeader)
		if got == "" || got != seen || (got == given) != kept || !strings.Contains(log, "request_id="+got) {
			t.Errorf("id %q: response has %q, handler %q, log %s", given, got, seen, log)
		}
	}
}

func TestWrap_Log(t *testing.T) {
	t.Parallel()
	for status, level := range map[int]string{200: "DEBUG", 404: "DEBUG", 500: "WARN", 503: "WARN"} {
		_, log := send(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			w.WriteHeader(http.StatusTeapot) // ignored by net/http
			_, _ = w.Write([]byte("12345"))
		}, httptest.NewRequest(http.MethodGet, "/path", nil))
		for _, want := range []string{"level=" + level, "method=GET", "path=/path", "bytes=5", "status=" + strconv.Itoa(status)} {
			if !strings.Contains(log, want) {
				t.Errorf("HTTP %d: the log lacks %s: %s", status, want, log)
			}
		}
	}
}

func TestWrap_Panic(t *testing.T) {
	t.Parallel()
	response, log := send(t, func(http.ResponseWriter, *http.Request) { panic("secret detail") }, httptest.NewRequest(http.MethodGet, "/", nil))
	var body struct {
		Code    int
		Message string
	}
	if err := json.Unmarshal(response.Body.Bytes(), &body); err != nil || response.Code != http.StatusInternalServerError || body.Code != 13 {
		t.Errorf("HTTP %d %s, %v", response.Code, response.Body, err)
	}
	if strings.Contains(response.Body.String(), "secret detail") || !strings.Contains(log, "secret detail") || !strings.Contains(log, "stack=") {
		t.Errorf("response %s, log %s", response.Body, log)
	}
	defer func() {
		if recover() != http.ErrAbortHandler { //nolint:errorlint // a panic value, not a returned error
			t.Error("http.ErrAbortHandler did not reach net/http")
		}
	}()
	send(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, httptest.NewRequest(http.MethodGet, "/", nil))
}

func TestWrap_SameOrigin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, site string
		want         int
	}{
		{http.MethodPost, "", 200}, {http.MethodPost, "same-origin", 200}, {http.MethodPost, "cross-site", 403},
		{http.MethodDelete, "cross-site", 403}, {http.MethodGet, "cross-site", 200},
	} {
		request := httptest.NewRequest(c.method, "/", nil)
		request.Header.Set("Sec-Fetch-Site", c.site)
		if response, _ := send(t, func(http.ResponseWriter, *http.Request) {}, request); response.Code != c.want {
			t.Errorf("%s with Sec-Fetch-Site %q: HTTP %d, want %d", c.method, c.site, response.Code, c.want)
		}
	}
}

func TestWrap_Compression(t *testing.T) {
	t.Parallel()
	for contentType, want := range map[string]string{"application/json": "gzip", "text/html": "gzip", "application/x-ndjson": "", "text/event-stream": ""} {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.Header.Set("Accept-Encoding", "gzip")
		response, _ := send(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			_, _ = w.Write(bytes.Repeat([]byte("abc "), 2000))
		}, request)
		if got := response.Header().Get("Content-Encoding"); got != want {
			t.Errorf("%s: Content-Encoding %q, want %q", contentType, got, want)
		}
	}
}

func TestWrap_SecurityHeaders(t *testing.T) {
	t.Parallel()
	response, _ := send(t, func(http.ResponseWriter, *http.Request) {}, httptest.NewRequest(http.MethodGet, "/", nil))
	for header, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := response.Header().Get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	policy := response.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy lacks %s: %s", want, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
		t.Errorf("the policy is too wide: %s", policy)
	}
}
