package gcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// TestMethods_Masks holds each mask to the fields that the answer of its method has: Google refuses
// requests for others.
func TestMethods_Masks(t *testing.T) {
	for name, tt := range map[string]struct {
		method method
		answer proto.Message
	}{
		"instances.aggregatedList": {instancesAggregatedList, &computepb.InstanceAggregatedList{}},
		"instances.list":           {instancesList, &computepb.InstanceList{}},
		"instances.get":            {instancesGet, &computepb.Instance{}},
		"zones.list":               {zonesList, &computepb.ZoneList{}},
		"zoneOperations.list":      {zoneOperationsList, &computepb.OperationList{}},
		"zoneOperations.get":       {zoneOperationsGet, &computepb.Operation{}},
	} {
		t.Run(name, func(t *testing.T) {
			rest := checkMask(t, tt.method.fields, tt.answer.ProtoReflect().Descriptor(), nil)
			if rest != "" {
				t.Errorf("the mask ends in %q", rest)
			}
			if strings.HasSuffix(name, "List") || strings.HasSuffix(name, "list") {
				if !strings.Contains(tt.method.fields, "nextPageToken") {
					t.Error("the mask of a list has no nextPageToken")
				}
			}
		})
	}
	for name, m := range map[string]method{"start": instancesStart, "resume": instancesResume, "stop": instancesStop} {
		if m.fields != "" || m.partialSuccess || m.permission != "compute.instances."+name {
			t.Errorf("%s is %+v", name, m)
		}
	}
	for _, m := range []method{instancesAggregatedList, instancesList} {
		if !m.partialSuccess {
			t.Errorf("%s: one zone that can't be reached fails the list", m.permission)
		}
	}
}

// checkMask reads a list of fields of a message, or of the values of a map, and returns the rest of the mask.
func checkMask(t *testing.T, mask string, message protoreflect.MessageDescriptor, entries protoreflect.FieldDescriptor) string {
	t.Helper()
	for {
		end := strings.IndexAny(mask, ",/()")
		if end < 0 {
			end = len(mask)
		}
		name := mask[:end]
		mask = mask[end:]
		var inner protoreflect.MessageDescriptor
		var innerMap protoreflect.FieldDescriptor
		switch field := fieldNamed(message, name); {
		case entries != nil && name == "*":
			inner = entries.MapValue().Message()
		case field == nil:
			t.Fatalf("there is no field %q", name)
		case field.IsMap() && strings.HasPrefix(mask, "/"):
			innerMap = field
		case !field.IsMap():
			inner = field.Message()
		}
		switch {
		case strings.HasPrefix(mask, "/"):
			// One path, which ends before the next comma of this list.
			path := mask[1:]
			depth, stop := 0, len(path)
		scan:
			for i, r := range path {
				switch r {
				case '(':
					depth++
				case ')':
					if depth == 0 {
						stop = i
						break scan
					}
					depth--
				case ',':
					if depth == 0 {
						stop = i
						break scan
					}
				}
			}
			if rest := checkMask(t, path[:stop], inner, innerMap); rest != "" {
				t.Fatalf("a path ends in %q", rest)
			}
			mask = path[stop:]
		case strings.HasPrefix(mask, "("):
			mask = strings.TrimPrefix(checkMask(t, mask[1:], inner, innerMap), ")")
		}
		if !strings.HasPrefix(mask, ",") {
			return mask
		}
		mask = mask[1:]
	}
}

func fieldNamed(message protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if message == nil {
		return nil
	}
	return message.Fields().ByJSONName(name)
}

// roundTripper is a function that sends requests.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func answerWith(status int, body string) (*http.Response, error) {
	return &http.Response{StatusCode: status, Header: http.Header{}, ContentLength: -1, Body: io.NopCloser(strings.NewReader(body))}, nil
}

type contextKey struct{}

func TestCallTransport(t *testing.T) {
	ctx := context.WithValue(t.Context(), contextKey{}, "the call's")
	requests := 0
	transport := &callTransport{ctx: ctx, method: method{fields: "kind,items/name", partialSuccess: true}, next: roundTripper(func(r *http.Request) (*http.Response, error) {
		requests++
		if r.Context().Value(contextKey{}) != "the call's" {
			t.Error("the request does not have the context of the call")
		}
		query := r.URL.Query()
		if query.Get("fields") != "kind,items/name" || query.Get("returnPartialSuccess") != "true" || query.Get("maxResults") != "5" {
			t.Errorf("the parameters are %v", query)
		}
		return answerWith(http.StatusOK, `{}`)
	})}
	request, err := http.NewRequest(http.MethodGet, "https://compute.example.com/?maxResults=5", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if request.URL.RawQuery != "maxResults=5" {
		t.Error("the caller's request was changed")
	}
	response, err = transport.RoundTrip(request)
	if !errors.Is(err, errSecondRequest) || requests != 1 {
		t.Errorf("a second request: %v, %d were sent", err, requests)
	}
	if response != nil {
		response.Body.Close()
	}
}

func TestCallTransport_NoParameters(t *testing.T) {
	transport := &callTransport{ctx: t.Context(), next: roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.RawQuery != "requestId=1" {
			t.Errorf("the query is %s", r.URL.RawQuery)
		}
		return nil, io.ErrClosedPipe
	})}
	request, err := http.NewRequest(http.MethodPost, "https://compute.example.com/?requestId=1", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
	if response != nil {
		response.Body.Close()
	}
}

// brokenReader ends in an error.
type brokenReader struct{ io.Reader }

func (b brokenReader) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func TestAnswerBody(t *testing.T) {
	syntax := func(err error) bool { _, ok := errors.AsType[*json.SyntaxError](err); return ok }
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	for name, tt := range map[string]struct {
		content string
		failed  bool // The status is not 2xx.
		breaks  bool
		want    string
		wantErr func(error) bool
	}{
		"whole":                {content: `{"a":1}`, want: `{"a":1}`},
		"with spaces":          {content: " {\"a\":1}\n", want: " {\"a\":1}\n"},
		"empty":                {content: "", wantErr: is(errEmptyAnswer)},
		"spaces alone":         {content: " \n", wantErr: is(errEmptyAnswer)},
		"cut short":            {content: `{"a":"b`, wantErr: is(io.ErrUnexpectedEOF)},
		"malformed":            {content: `{"a":b`, wantErr: syntax},
		"HTML":                 {content: `<html></html>`, wantErr: syntax},
		"null":                 {content: `null`, want: `null`},
		"connection broke":     {content: `{"a":1}`, breaks: true, wantErr: is(io.ErrUnexpectedEOF)},
		"error":                {content: `not found`, failed: true, want: `not found`},
		"empty error":          {content: ``, failed: true, want: ``},
		"error that broke off": {content: `{"error":`, failed: true, breaks: true, want: `{"error":`},
	} {
		t.Run(name, func(t *testing.T) {
			var reader io.Reader = strings.NewReader(tt.content)
			if tt.breaks {
				reader = brokenReader{reader}
			}
			body := &answerBody{body: io.NopCloser(reader), succeeded: !tt.failed}
			got, err := io.ReadAll(body)
			if tt.wantErr == nil && (err != nil || string(got) != tt.want) || tt.wantErr != nil && !tt.wantErr(err) {
				t.Errorf("got %q, %v", got, err)
			}
			if err := body.Close(); err != nil {
				t.Error(err)
			}
			if _, err := body.Read(make([]byte, 1)); err == nil {
				t.Error("the body can be read after it was closed")
			}
		})
	}
}

func TestLenient(t *testing.T) {
	for content, want := range map[string]string{
		`{"items":[null]}`:                 `{"items":[{}  ]}`,
		`{"items":[{},null,{}, null ]}`:    `{"items":[{},{}  ,{}, {}   ]}`,
		"[\n\tnull\r\n]":                   "[\n\t{}  \r\n]",
		`{"a":null,"b":[{"c":null}]}`:      `{"a":null,"b":[{"c":null}]}`,
		`{"a":"[null,null]"}`:              `{"a":"[null,null]"}`,
		`{"a":"\",null","b":[null]}`:       `{"a":"\",null","b":[{}  ]}`,
		`{"a\\":"x,null","b":["null",7]}`:  `{"a\\":"x,null","b":["null",7]}`,
		"{\"a\":\"\xff\"}":                 "{\"a\":\"\uFFFD\"}",
		`{"a":[[null],{"b":[null,null]}]}`: `{"a":[[{}  ],{"b":[{}  ,{}  ]}]}`,
	} {
		if got := string(lenient([]byte(content))); got != want {
			t.Errorf("%s: got %s, want %s", content, got, want)
		}
	}
}

// FuzzLenient holds the lenient form of JSON to be JSON that has the same values but for null
// elements.
func FuzzLenient(f *testing.F) {
	f.Add([]byte(`{"a":[null,{"b":"null,null"}],"c":null}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		if !json.Valid(content) {
			return
		}
		got := lenient(bytes.Clone(content))
		if !json.Valid(got) {
			t.Fatalf("%q became %q", content, got)
		}
		if !bytes.Contains(content, []byte("null")) && !bytes.Equal(got, bytes.ToValidUTF8(content, []byte("\uFFFD"))) {
			t.Fatalf("%q became %q", content, got)
		}
	})
}

func TestFirstPage(t *testing.T) {
	page := &computepb.ZoneList{}
	// The iterator goes on after an empty page, and fails: the page was read all the same.
	if got, err := firstPage[*computepb.ZoneList](page, errSecondRequest); got != page || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := firstPage[*computepb.ZoneList](nil, io.ErrUnexpectedEOF); got != nil || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestUnknownValues holds the decoder of the generated clients to what this package depends on: a
// field or a value of an enum that is new must not fail an answer.
func TestUnknownValues(t *testing.T) {
	unmarshal := protojson.UnmarshalOptions{AllowPartial: true, DiscardUnknown: true}
	operation := &computepb.Operation{}
	if err := unmarshal.Unmarshal([]byte(`{"name":"op","status":"A_NEW_ONE","aNewField":[{"x":1}]}`), operation); err != nil || operation.Status != nil {
		t.Errorf("%v, %v", operation, err)
	}
	machine := &computepb.Instance{}
	if err := unmarshal.Unmarshal([]byte(`{"id":"18446744073709551615","status":"A_NEW_ONE"}`), machine); err != nil || machine.GetStatus() != "A_NEW_ONE" || machine.GetId() != 1<<64-1 {
		t.Errorf("%v, %v", machine, err)
	}
}
