package assets_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/gateway/assets"
)

func TestHandler_Caching(t *testing.T) {
	t.Parallel()
	url := assets.URL("console.css")
	path, _, _ := strings.Cut(url, "?")
	for target, want := range map[string]string{
		url: "public, max-age=31536000, immutable", path: "no-cache", path + "?v=old": "no-cache",
	} {
		response := httptest.NewRecorder()
		assets.Handler().ServeHTTP(response, httptest.NewRequest(http.MethodGet, target, nil))
		if got := response.Header().Get("Cache-Control"); response.Code != http.StatusOK || got != want || response.Header().Get("ETag") == "" {
			t.Errorf("%s: HTTP %d, Cache-Control %q, want %q", target, response.Code, got, want)
		}
	}
	response := httptest.NewRecorder()
	assets.Handler().ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/assets/no-such-file.css", nil))
	if response.Code != http.StatusNotFound {
		t.Errorf("unknown file: HTTP %d", response.Code)
	}
}

func TestURL_UnknownFile(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("URL of an unknown file did not panic")
		}
	}()
	assets.URL("no-such-file.css")
}
