package rest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/code"
	// Registers the types of error details, so that they can be written as JSON.
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// writeError responds with an error of a service or of decoding the request.
func writeError(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, _ *http.Request, err error) {
	// A routing error, for example of a path with an invalid escape sequence.
	if routing, ok := errors.AsType[*runtime.HTTPStatusError](err); ok {
		WriteStatus(w, routing.HTTPStatus, serve.FaultStatus(
			fault.New(fault.KindInvalidArgument, fault.ReasonInvalidPath, "invalid path: %v", routing.Err)))
		return
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		err = serve.FaultStatus(f).Err()
	}
	st := status.Convert(err)
	if len(st.Proto().GetDetails()) == 0 {
		st = withReason(st)
	}
	WriteStatus(w, runtime.HTTPStatusFromCode(st.Code()), st)
}

// withReason adds a reason to an error that gRPC itself made, which has none.
func withReason(st *status.Status) *status.Status {
	text := st.Message()
	if st.Code() == codes.DeadlineExceeded {
		text = "the deadline of the call passed before there was a response"
	}
	reason := &errdetails.ErrorInfo{Reason: code.Code_name[int32(st.Code())], Domain: serve.ErrorDomain}
	explained, err := status.New(st.Code(), text).WithDetails(reason)
	if err != nil { // Only OK can't have details.
		return st
	}
	return explained
}

// WriteStatus responds with a google.rpc.Status as JSON.
func WriteStatus(w http.ResponseWriter, httpStatus int, st *status.Status) {
	body, err := statusJSON(st.Proto())
	if err != nil {
		httpStatus, body = http.StatusInternalServerError, []byte(`{"code":13,"message":"the error can't be written as JSON","details":[]}`)
	}
	header := w.Header()
	header.Del("Trailer")
	header.Del("Transfer-Encoding")
	header.Set("Content-Type", contentTypeJSON)
	w.WriteHeader(httpStatus)
	_, _ = w.Write(body) //nolint:gosec // JSON with nosniff; fails only if the client has disconnected
}

// statusJSON returns a status as JSON. A detail whose type is not linked into the program is
// written as its type and its bytes, so that the rest of the error is not lost.
func statusJSON(st *spb.Status) ([]byte, error) {
	type form struct {
		Code    int32             `json:"code"`
		Message string            `json:"message"`
		Details []json.RawMessage `json:"details"`
	}
	out := form{Code: st.GetCode(), Message: st.GetMessage(), Details: []json.RawMessage{}}
	for _, detail := range st.GetDetails() {
		body, err := protojson.Marshal(detail)
		if err != nil {
			body, err = json.Marshal(map[string]any{"@type": detail.GetTypeUrl(), "value": detail.GetValue()})
		}
		if err != nil {
			return nil, err
		}
		out.Details = append(out.Details, body)
	}
	return json.Marshal(out)
}

// statusIn returns the status in the last message of a failed stream.
func statusIn(chunk map[string]proto.Message) (*spb.Status, bool) {
	st, ok := chunk["error"].(*spb.Status)
	return st, ok && len(chunk) == 1
}

// routingError responds to a request that matches no route.
func routingError(_ context.Context, mux *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, httpStatus int) {
	if isProbe(r) {
		return
	}
	switch httpStatus {
	case http.StatusMethodNotAllowed:
		allowed := allowedMethods(mux, r)
		f := fault.New(fault.KindUnimplemented, fault.ReasonMethodNotAllowed, "%s does not allow the method %s; use %s",
			r.URL.Path, r.Method, strings.Join(allowed, " or "))
		if slices.Contains(allowed, http.MethodGet) {
			allowed = append(allowed, http.MethodHead)
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		WriteStatus(w, httpStatus, serve.FaultStatus(f))
	case http.StatusNotFound:
		WriteStatus(w, httpStatus, NotFound(r.URL.Path))
	default:
		WriteStatus(w, httpStatus, status.New(codes.InvalidArgument, http.StatusText(httpStatus)))
	}
}

// NotFound returns the error for a path that does not exist.
func NotFound(path string) *status.Status {
	return serve.FaultStatus(fault.New(fault.KindNotFound, fault.ReasonNoSuchPath,
		"there is no resource or method at %s; see /docs for the API", path).With("path", path))
}

// probeKey marks a request that only determines whether a route matches.
type probeKey struct{}

func isProbe(r *http.Request) bool { return r.Context().Value(probeKey{}) != nil }

// stopProbes is middleware that records for a probe that a route matched, and does not call next.
func stopProbes(next runtime.HandlerFunc) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, params map[string]string) {
		if found, ok := r.Context().Value(probeKey{}).(*bool); ok {
			*found = true
			return
		}
		next(w, r, params)
	}
}

// allowedMethods returns the methods that exist at a path (RFC 9110, section 15.5.6). grpc-gateway
// does not export them, so it sends probes.
func allowedMethods(mux *runtime.ServeMux, r *http.Request) []string {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete} {
		var found bool
		probe := r.Clone(context.WithValue(r.Context(), probeKey{}, &found))
		probe.Method = method
		mux.ServeHTTP(discard{}, probe)
		if found {
			allowed = append(allowed, method)
		}
	}
	return allowed
}

// discard is a response that nobody reads.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}
