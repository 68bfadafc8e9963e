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

// maxBody is the maximum size of a request body, in bytes.
const maxBody = 1 << 20

// limitBody reads the whole body first, so that a body that is too large fails with another error
// than an invalid one.
func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			httpStatus, f := http.StatusBadRequest, fault.New(fault.KindInvalidArgument, fault.ReasonInvalidBody, "can't read the request body: %v", err)
			if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
				httpStatus, f = http.StatusRequestEntityTooLarge, fault.New(fault.KindResourceExhausted, fault.ReasonBodyTooLarge,
					"the request body is larger than the maximum of %d bytes", maxBody)
			}
			WriteStatus(w, httpStatus, serve.FaultStatus(f))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// requireUTF8 refuses a path or a query that is not UTF-8, because gRPC can't transport it.
func requireUTF8(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := url.QueryUnescape(r.URL.RawQuery)
		switch {
		case !utf8.ValidString(r.URL.Path):
			WriteStatus(w, http.StatusBadRequest, serve.FaultStatus(
				fault.New(fault.KindInvalidArgument, fault.ReasonInvalidPath, "invalid path: it is not UTF-8")))
		case err == nil && !utf8.ValidString(query): // check returns the error of an invalid escape sequence.
			WriteStatus(w, http.StatusBadRequest, serve.FaultStatus(
				fault.New(fault.KindInvalidArgument, fault.ReasonInvalidQuery, "invalid query: it is not UTF-8")))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// readStrictly is middleware that refuses a request with parts that its route does not have.
// grpc-gateway ignores unknown query parameters and drops the details of decoding errors.
func (t routeTable) readStrictly(next runtime.HandlerFunc) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, params map[string]string) {
		rt, ok := t.of(r)
		if !ok {
			WriteStatus(w, http.StatusInternalServerError, serve.FaultStatus(
				fault.New(fault.KindInternal, fault.ReasonInternal, "no route for %s %s", r.Method, r.URL.Path)))
			return
		}
		if err := rt.check(r); err != nil {
			writeError(r.Context(), nil, nil, w, r, err)
			return
		}
		next(w, r, params)
	}
}

// check decodes the request as the handler does and returns the first error.
func (r *route) check(request *http.Request) error {
	query, err := url.ParseQuery(request.URL.RawQuery)
	if err != nil {
		return fault.New(fault.KindInvalidArgument, fault.ReasonInvalidQuery, "invalid query: %v", err)
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

// noFilter allows every field to be set from the query.
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
			return fault.Invalid(key, "set twice: %s is the same parameter", other)
		}
		seen[path] = key
		single := map[string][]string{key: query[key]}
		if err := runtime.PopulateQueryParameters(r.request.New().Interface(), single, noFilter); err != nil {
			return fault.Invalid(key, "%s", parameterText(err))
		}
		// All parameters together: finds two fields of a oneof.
		if err := runtime.PopulateQueryParameters(whole, single, noFilter); err != nil {
			return fault.Invalid(key, "%s", parameterText(err))
		}
	}
	return nil
}

func unknownParameter(r *route, key string) error {
	known := parameters(r)
	if len(known) == 0 {
		return fault.Invalid(key, "unknown query parameter; this method has no query parameters")
	}
	return fault.Invalid(key, "unknown query parameter; this method has %s", strings.Join(known, ", "))
}

// parameters returns the names of the query parameters of a route.
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

// fieldPath returns the dotted proto name of the field that a query parameter names by its proto
// or JSON names. A map key in brackets is omitted.
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

// parameterText returns grpc-gateway's message about an invalid value, without names of Go
// functions.
func parameterText(err error) string {
	if number, ok := errors.AsType[*strconv.NumError](err); ok {
		return fmt.Sprintf("%q is invalid: %v", number.Num, number.Err)
	}
	return strings.ReplaceAll(err.Error(), "\u00a0", " ")
}

func (r *route) checkBody(body []byte) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil // The service validates whether the body may be empty.
	}
	if r.body == "" {
		return fault.New(fault.KindInvalidArgument, fault.ReasonInvalidBody, "this method has no request body; remove it")
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

// bodyMessage returns an empty message of the type into which the body is decoded.
func (r *route) bodyMessage() proto.Message {
	message := r.request.New()
	if r.body == "*" {
		return message.Interface()
	}
	field := message.Descriptor().Fields().ByName(protoreflect.Name(r.body))
	return message.NewField(field).Message().Interface()
}

// syntaxFault returns the error of a body that is not JSON, with the position.
func syntaxFault(body []byte, err error) error {
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return fault.New(fault.KindInvalidArgument, fault.ReasonInvalidBody, "the request body is not JSON: %v", err)
	}
	before := body[:min(int(syntax.Offset), len(body))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n') - 1
	return fault.New(fault.KindInvalidArgument, fault.ReasonInvalidBody, "the request body is not JSON: %v (line %d, column %d)", syntax, line, max(column, 1))
}
