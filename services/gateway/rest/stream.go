package rest

import (
	"bytes"
	"net/http"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
)

// errorPrefix and errorSuffix stand around the status in the line that ends a
// failed stream.
const (
	errorPrefix = `{"error":`
	errorSuffix = `}`
)

// plainFirstError lets a stream that fails before its first message answer like
// any other method: with the status itself, under its own HTTP status.
// grpc-gateway writes it as a line of the stream.
func (t routeTable) plainFirstError(next runtime.HandlerFunc) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, params map[string]string) {
		if rt, ok := t.of(r); ok && rt.stream {
			w = &firstError{ResponseWriter: w}
		}
		next(w, r, params)
	}
}

// firstError unwraps what is written after an error status.
type firstError struct {
	http.ResponseWriter
	failed bool
}

func (f *firstError) WriteHeader(httpStatus int) {
	f.failed = httpStatus >= http.StatusBadRequest
	f.ResponseWriter.WriteHeader(httpStatus)
}

func (f *firstError) Write(p []byte) (int, error) {
	inner := p
	if f.failed {
		if line, ok := bytes.CutPrefix(p, []byte(errorPrefix)); ok {
			inner = bytes.TrimSuffix(line, []byte(errorSuffix))
		} else {
			inner = bytes.TrimPrefix(p, []byte(errorEvent))
		}
	}
	if _, err := f.ResponseWriter.Write(inner); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Unwrap lets http.ResponseController flush.
func (f *firstError) Unwrap() http.ResponseWriter { return f.ResponseWriter }
