package rest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/gateway"
)

func TestAcceptsEvents(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]bool{
		"":                                    false,
		"*/*":                                 false,
		"application/json":                    false,
		"text/event-stream":                   true,
		"text/html, text/event-stream;q=0.5":  true,
		"text/event-streams":                  false,
		"application/json;q=1,text/*;q=0.5;;": false,
	} {
		if got := acceptsEvents(accept); got != want {
			t.Errorf("Accept: %s: %t, want %t", accept, got, want)
		}
	}
}

func TestResumeFromEvent(t *testing.T) {
	t.Parallel()
	table, err := routes(gateway.Upstreams{}.Public())
	if err != nil {
		t.Fatal(err)
	}
	watch := table[routeKey(http.MethodGet, "/v1/instances:watch")]
	if watch == nil || !watch.resumable() {
		t.Fatal("the watch of instances can't be resumed")
	}
	if export := table[routeKey(http.MethodGet, "/v1/instances:export")]; export == nil || export.resumable() {
		t.Error("an export can be resumed")
	}
	for _, c := range []struct{ query, header, want string }{
		{"filter=web", "", "filter=web"},
		{"filter=web&includeExisting=true", "7", "filter=web&resume_token=7"},
		{"include_existing=true&resumeToken=3", "7", "resume_token=7"},
		{"lastEventId=5&resume_token=3", "", "resume_token=5"},
		{"lastEventId=5", "7", "resume_token=7"},
		{"lastEventId=&includeExisting=true", "", "includeExisting=true"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/v1/instances:watch?"+c.query, nil)
		r.Header.Set(lastEventIDHeader, c.header)
		resumeFromEvent(watch, r)
		if r.URL.RawQuery != c.want {
			t.Errorf("?%s with Last-Event-ID %q became ?%s, want ?%s", c.query, c.header, r.URL.RawQuery, c.want)
		}
	}
}

func TestEventMarshaler(t *testing.T) {
	t.Parallel()
	message := func(kind inventoryv1.WatchInstancesResponse_Type) map[string]any {
		return map[string]any{"result": proto.Message(&inventoryv1.WatchInstancesResponse{Type: kind, ResumeToken: "abc"})}
	}
	m := eventMarshaler{newMarshaler()}
	for _, c := range []struct {
		name  string
		value any
		want  string
	}{
		{"heartbeat", message(inventoryv1.WatchInstancesResponse_HEARTBEAT), ": heartbeat\nid: abc"},
		{"error", map[string]proto.Message{"error": &spb.Status{Code: 14, Message: "down"}},
			"event: error\ndata: {\"code\":14,\"message\":\"down\",\"details\":[]}"},
	} {
		got, err := m.Marshal(c.value)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
		}
	}
	got, err := m.Marshal(message(inventoryv1.WatchInstancesResponse_CREATED))
	const prefix = "id: abc\nevent: CREATED\ndata: {"
	if err != nil || len(got) < len(prefix) || string(got[:len(prefix)]) != prefix {
		t.Errorf("a change: %q, %v; want the prefix %q", got, err, prefix)
	}
}

// TestFirstError checks that a stream that fails before its first message responds with the status
// itself, and that later errors remain lines.
func TestFirstError(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		httpStatus int
		line, want string
	}{
		{"line", http.StatusNotFound, `{"error":{"code":5}}`, `{"code":5}`},
		{"event", http.StatusNotFound, "event: error\ndata: {\"code\":5}", `{"code":5}`},
		{"later", http.StatusOK, `{"error":{"code":5}}`, `{"error":{"code":5}}`},
	} {
		response := httptest.NewRecorder()
		w := &firstError{ResponseWriter: response}
		w.WriteHeader(c.httpStatus)
		if n, err := w.Write([]byte(c.line)); n != len(c.line) || err != nil {
			t.Errorf("%s: wrote %d, %v", c.name, n, err)
		}
		if got := response.Body.String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
