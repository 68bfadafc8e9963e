package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// maxBody bounds the body of a request, in bytes.
const maxBody = 1 << 20

// limitBody reads the body before anything else does, so that one that is too
// large is told apart from one that is wrong.
func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			httpStatus, f := http.StatusBadRequest, fault.New(fault.KindInvalidArgument, "INVALID_BODY", "the body can't be read: %v", err)
			if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
				httpStatus, f = http.StatusRequestEntityTooLarge, fault.New(fault.KindResourceExhausted, "BODY_TOO_LARGE",
					"the body is larger than %d bytes", maxBody)
			}
			WriteStatus(w, httpStatus, serve.FaultStatus(f))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// readable refuses a path or a query that is no text: no service could be sent it.
func readable(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := url.QueryUnescape(r.URL.RawQuery)
		switch {
		case !utf8.ValidString(r.URL.Path):
			WriteStatus(w, http.StatusBadRequest, serve.FaultStatus(
				fault.New(fault.KindInvalidArgument, "INVALID_PATH", "the path can't be read: it is not UTF-8")))
		case err == nil && !utf8.ValidString(query): // What can't be unescaped is told by check.
			WriteStatus(w, http.StatusBadRequest, serve.FaultStatus(
				fault.New(fault.KindInvalidArgument, "INVALID_QUERY", "the query can't be read: it is not UTF-8")))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// readStrictly refuses a request with anything in it that its route can't
// take. grpc-gateway alone passes over query parameters it does not know, and
// loses the details of what it can't read.
func (t routeTable) readStrictly(next runtime.HandlerFunc) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, params map[string]string) {
		rt, ok := t.of(r)
		if !ok {
			WriteStatus(w, http.StatusInternalServerError, serve.FaultStatus(
				fault.New(fault.KindInternal, "INTERNAL", "no rule for %s %s", r.Method, r.URL.Path)))
			return
		}
		if err := rt.check(r); err != nil {
			writeError(r.Context(), nil, nil, w, r, err)
			return
		}
		next(w, r, params)
	}
}

// check reads the request the way the handler will, and says what is wrong.
func (r *route) check(request *http.Request) error {
	query, err := url.ParseQuery(request.URL.RawQuery)
	if err != nil {
		return fault.New(fault.KindInvalidArgument, "INVALID_QUERY", "the query can't be read: %v", err)
	}
	if err := r.checkQuery(query); err != nil {
		return err
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	return r.checkBody(body)
}

// noFilter lets every field be filled from the query.
var noFilter = utilities.NewDoubleArray(nil)

func (r *route) checkQuery(query url.Values) error {
	whole := r.request.New().Interface()
	seen := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(query)) {
		path, ok := fieldPath(r.request.Descriptor(), key)
		if !ok || r.binds(path) {
			return unknownParameter(r, key)
		}
		if other, ok := seen[path]; ok && !strings.Contains(key, "[") {
			return fault.Invalid(key, "given twice: %s is the same", other)
		}
		seen[path] = key
		single := map[string][]string{key: query[key]}
		if err := runtime.PopulateQueryParameters(r.request.New().Interface(), single, noFilter); err != nil {
			return fault.Invalid(key, "%s", parameterText(err))
		}
		// Together: two of a oneof.
		if err := runtime.PopulateQueryParameters(whole, single, noFilter); err != nil {
			return fault.Invalid(key, "%s", parameterText(err))
		}
	}
	return nil
}

func unknownParameter(r *route, key string) error {
	known := parameters(r)
	if len(known) == 0 {
		return fault.Invalid(key, "unknown query parameter; this method takes none")
	}
	return fault.Invalid(key, "unknown query parameter; this method takes %s", strings.Join(known, ", "))
}

// parameters are the names of the query parameters that a route takes.
func parameters(r *route) []string {
	var known []string
	fields := r.request.Descriptor().Fields()
	for i := range fields.Len() {
		if field := fields.Get(i); !r.binds(string(field.Name())) {
			known = append(known, field.JSONName())
		}
	}
	return known
}

// fieldPath is the dotted path in the contract of the field that a query
// parameter names, by names in proto or JSON; for a map, its key in brackets is
// left out.
func fieldPath(message protoreflect.MessageDescriptor, key string) (path string, ok bool) {
	key, _, _ = strings.Cut(key, "[")
	var names []string
	for segment := range strings.SplitSeq(key, ".") {
		if message == nil {
			return "", false
		}
		field := message.Fields().ByName(protoreflect.Name(segment))
		if field == nil {
			field = message.Fields().ByJSONName(segment)
		}
		if field == nil {
			return "", false
		}
		names = append(names, string(field.Name()))
		message = field.Message()
	}
	return strings.Join(names, "."), true
}

// parameterText is what grpc-gateway says of a value it can't read, without the
// names of Go functions.
func parameterText(err error) string {
	if number, ok := errors.AsType[*strconv.NumError](err); ok {
		return fmt.Sprintf("%q can't be read: %v", number.Num, number.Err)
	}
	return strings.ReplaceAll(err.Error(), "\u00a0", " ")
}

func (r *route) checkBody(body []byte) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil // The rules of the contract say whether it may be empty.
	}
	if r.body == "" {
		return fault.New(fault.KindInvalidArgument, "INVALID_BODY", "this method takes no body")
	}
	var value json.RawMessage
	if err := json.Unmarshal(body, &value); err != nil {
		return syntaxFault(body, err)
	}
	if err := protojson.Unmarshal(body, r.bodyMessage()); err != nil {
		return bodyFault(err)
	}
	return nil
}

// bodyMessage is an empty message of the type that the body is read into.
func (r *route) bodyMessage() proto.Message {
	message := r.request.New()
	if r.body == "*" {
		return message.Interface()
	}
	field := message.Descriptor().Fields().ByName(protoreflect.Name(r.body))
	return message.NewField(field).Message().Interface()
}

// syntaxFault says where a body stops being JSON.
func syntaxFault(body []byte, err error) error {
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return fault.New(fault.KindInvalidArgument, "INVALID_BODY", "the body is not JSON: %v", err)
	}
	before := body[:min(int(syntax.Offset), len(body))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n') - 1
	return fault.New(fault.KindInvalidArgument, "INVALID_BODY", "the body is not JSON: %v (line %d, column %d)", syntax, line, max(column, 1))
}
