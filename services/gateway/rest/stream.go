package rest

import (
	"bytes"
	"net/http"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
)

// errorPrefix and errorSuffix enclose the status in the last line of a failed stream.
const (
	errorPrefix = `{"error":`
	errorSuffix = `}`
)

// plainFirstError is middleware for streams that fail before their first message: they respond
// like any other method, with the status itself and its HTTP status. grpc-gateway would write the
// status as a line of the stream.
func (t routeTable) plainFirstError(next runtime.HandlerFunc) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, params map[string]string) {
		if rt, ok := t.of(r); ok && rt.stream {
			w = &firstError{ResponseWriter: w}
		}
		next(w, r, params)
	}
}

// firstError removes the enclosing error object from a response with an error status.
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

// Unwrap is for http.ResponseController.
func (f *firstError) Unwrap() http.ResponseWriter { return f.ResponseWriter }
