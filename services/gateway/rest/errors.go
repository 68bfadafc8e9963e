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
	// The details that errors of gRPC services carry; imported, they can be written
	// as JSON too.
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// writeError answers a request with an error that came from a service or from
// reading the request.
func writeError(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, _ *http.Request, err error) {
	// A wrapped routing error, such as a path with a broken escape.
	if routing, ok := errors.AsType[*runtime.HTTPStatusError](err); ok {
		WriteStatus(w, routing.HTTPStatus, serve.FaultStatus(
			fault.New(fault.KindInvalidArgument, "INVALID_PATH", "the path can't be read: %v", routing.Err)))
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

// withReason gives a reason to an error of gRPC's own, which has none.
func withReason(st *status.Status) *status.Status {
	text := st.Message()
	if st.Code() == codes.DeadlineExceeded {
		text = "no answer was ready in the time that the call had"
	}
	reason := &errdetails.ErrorInfo{Reason: code.Code_name[int32(st.Code())], Domain: serve.ErrorDomain}
	explained, err := status.New(st.Code(), text).WithDetails(reason)
	if err != nil { // Only OK can't carry details.
		return st
	}
	return explained
}

// WriteStatus answers with a google.rpc.Status as JSON.
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
	_, _ = w.Write(body) //nolint:gosec // JSON, and nosniff; fails only when the caller has gone
}

// statusJSON is a status as JSON. A detail of a type that this build does not
// know is written as its type and bytes, instead of losing the whole error.
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

// statusIn is the status in the last line of a stream that failed.
func statusIn(chunk map[string]proto.Message) (*spb.Status, bool) {
	st, ok := chunk["error"].(*spb.Status)
	return st, ok && len(chunk) == 1
}

// routingError answers a request that no route takes.
func routingError(_ context.Context, mux *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, httpStatus int) {
	if isProbe(r) {
		return
	}
	switch httpStatus {
	case http.StatusMethodNotAllowed:
		allowed := allowedMethods(mux, r)
		f := fault.New(fault.KindUnimplemented, "METHOD_NOT_ALLOWED", "%s is not possible at %s; use %s",
			r.Method, r.URL.Path, strings.Join(allowed, " or "))
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

// NotFound says that there is nothing at a path.
func NotFound(path string) *status.Status {
	return serve.FaultStatus(fault.New(fault.KindNotFound, "NO_SUCH_PATH",
		"there is nothing at %s; /docs lists what there is", path).With("path", path))
}

// probeKey marks a request that only asks whether a route would take it.
type probeKey struct{}

func isProbe(r *http.Request) bool { return r.Context().Value(probeKey{}) != nil }

// stopProbes records that a route was found, and goes no further.
func stopProbes(next runtime.HandlerFunc) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, params map[string]string) {
		if found, ok := r.Context().Value(probeKey{}).(*bool); ok {
			*found = true
			return
		}
		next(w, r, params)
	}
}

// allowedMethods asks mux which methods there are at a path (RFC 9110, 15.5.6);
// grpc-gateway knows and does not tell.
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

// discard is an answer nobody reads.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}
