package rest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/gateway"
)

// errorBody is a google.rpc.Status as REST responds with it.
type errorBody struct {
	Code    codes.Code
	Message string
	Details []struct {
		Reason          string
		Domain          string
		FieldViolations []struct{ Field, Description string }
	}
}

// reason returns the reason of the error, and field the field at fault.
func (e errorBody) reason() string {
	if len(e.Details) == 0 {
		return ""
	}
	return e.Details[0].Reason
}

func (e errorBody) field() string {
	if len(e.Details) < 2 || len(e.Details[1].FieldViolations) == 0 {
		return ""
	}
	return e.Details[1].FieldViolations[0].Field
}

// newTestHandler returns the handler of REST; a request that reaches a service fails with
// DATA_LOSS.
func newTestHandler(t *testing.T) http.Handler {
	t.Helper()
	handler, err := New(t.Context(), gateway.Upstreams{Accounts: noConn{}, Inventory: noConn{}, Discovery: noConn{}})
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

// send sends a request and decodes the error that it responds with.
func send(t *testing.T, handler http.Handler, request *http.Request) (int, http.Header, errorBody) {
	t.Helper()
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, request)
	var body errorBody
	if err := json.Unmarshal(response.Body.Bytes(), &body); err != nil {
		t.Fatalf("%s %s: %v: %s", request.Method, request.URL, err, response.Body)
	}
	return response.Code, response.Header(), body
}

// TestHandler_UnknownParameters sends an unknown query parameter to every route.
func TestHandler_UnknownParameters(t *testing.T) {
	t.Parallel()
	handler := newTestHandler(t)
	table, err := routes(gateway.Upstreams{}.Public())
	if err != nil {
		t.Fatal(err)
	}
	for key := range table {
		method, template, _ := strings.Cut(key, " ")
		for _, parameter := range []string{"no_such_field", "pagesize", "name.x"} {
			code, _, body := send(t, handler, httptest.NewRequest(method, example(template)+"?"+parameter+"=1", nil))
			if code != http.StatusBadRequest || body.reason() != "INVALID_FIELD" || body.field() != parameter {
				t.Errorf("%s?%s=1: HTTP %d, %+v; want INVALID_FIELD of %[2]s", key, parameter, code, body)
			}
		}
	}
}

// TestHandler_UnknownBodyFields sends a body with an unknown field to every route that has a body,
// and a body to every route that has none.
func TestHandler_UnknownBodyFields(t *testing.T) {
	t.Parallel()
	handler := newTestHandler(t)
	table, err := routes(gateway.Upstreams{}.Public())
	if err != nil {
		t.Fatal(err)
	}
	bodies := 0
	for key, rt := range table {
		method, template, _ := strings.Cut(key, " ")
		code, _, body := send(t, handler, httptest.NewRequest(method, example(template), strings.NewReader(`{"noSuchField": 1}`)))
		if code != http.StatusBadRequest || body.reason() != "INVALID_BODY" {
			t.Errorf("%s: HTTP %d, %+v; want INVALID_BODY", key, code, body)
		}
		if rt.body == "" {
			continue
		}
		bodies++
		if body.field() != "noSuchField" || !strings.Contains(body.Message, "line 1, column 2") {
			t.Errorf("%s: %+v; want the field and its position", key, body)
		}
	}
	if bodies == 0 || bodies == len(table) {
		t.Errorf("%d of %d routes have a body", bodies, len(table))
	}
}

func TestHandler_BodySize(t *testing.T) {
	t.Parallel()
	handler := newTestHandler(t)
	for size, want := range map[int]int{maxBody: http.StatusInternalServerError, maxBody + 1: http.StatusRequestEntityTooLarge} {
		body := "{}" + strings.Repeat(" ", size-2)
		if code, _, got := send(t, handler, httptest.NewRequest(http.MethodPost, "/v1/accounts", strings.NewReader(body))); code != want {
			t.Errorf("%d bytes: HTTP %d, %+v; want %d", size, code, got, want)
		}
	}
}

func TestFieldPath(t *testing.T) {
	t.Parallel()
	message := (&inventoryv1.ListInstancesRequest{}).ProtoReflect().Descriptor()
	instance := (&inventoryv1.Instance{}).ProtoReflect().Descriptor()
	for _, c := range []struct {
		message   protoreflect.MessageDescriptor
		key, path string
		ok        bool
	}{
		{message, "pageSize", "page_size", true},
		{message, "page_size", "page_size", true},
		{message, "maxStaleness.seconds", "max_staleness.seconds", true},
		{message, "pagesize", "", false},
		{message, "pageSize.value", "", false},
		{message, "", "", false},
		{instance, "labels[team]", "labels", true},
		{instance, "location.region", "location.region", true},
		{instance, "location.", "", false},
	} {
		if path, ok := fieldPath(c.message, c.key); path != c.path || ok != c.ok {
			t.Errorf("fieldPath(%s, %q) = %q, %t; want %q, %t", c.message.Name(), c.key, path, ok, c.path, c.ok)
		}
	}
}

func TestRoute_Binds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		route route
		path  string
		want  bool
	}{
		{route{bound: []string{"name"}}, "name", true},
		{route{bound: []string{"name"}}, "names", false},
		{route{bound: []string{"account.name"}}, "account", true},
		{route{bound: []string{"account"}}, "account.paused", true},
		{route{bound: []string{"account"}}, "account_id", false},
		{route{}, "filter", false},
		{route{body: "*"}, "filter", true},
	} {
		if got := c.route.binds(c.path); got != c.want {
			t.Errorf("%+v binds %q: %t, want %t", c.route, c.path, got, c.want)
		}
	}
}

func TestSyntaxFault_Position(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"nope":              "line 1, column 2",
		"{\"a\":\n  nope}":  "line 2, column 4",
		"{}\n\n {}":         "line 3, column 2",
		"{\"a\": 1,\n}":     "line 2, column 1",
		"{\"a\": \"open":    "line 1, column 11",
		"[\n1,\n2,\n3 4\n]": "line 4, column 3",
	} {
		var value any
		err := json.Unmarshal([]byte(body), &value)
		if err == nil {
			t.Fatalf("%q is JSON", body)
		}
		if got := syntaxFault([]byte(body), err); !strings.Contains(got.Error(), want) {
			t.Errorf("%q: %v; want %s", body, got, want)
		}
	}
}
