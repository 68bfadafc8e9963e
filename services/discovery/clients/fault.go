package clients

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// callLimit bounds one unary call. The call waits for a service that restarts meanwhile.
const callLimit = 10 * time.Second

// faultOf returns the fault of a call to a service, or the error of ctx if ctx ended first.
func faultOf(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	f := serve.FaultOf(err)
	if f.Kind == fault.KindDeadlineExceeded { // callLimit has passed, and ctx has not ended
		f.Kind = fault.KindUnavailable
	}
	return f
}

// call makes a unary call.
func call[Request, Response any](
	ctx context.Context, do func(context.Context, Request, ...grpc.CallOption) (Response, error), request Request,
) (Response, error) {
	limited, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	response, err := do(limited, request, grpc.WaitForReady(true))
	return response, faultOf(ctx, err)
}

// ended reports whether a stream ended while sending. The server's own error comes with its answer.
func ended(err error) bool { return errors.Is(err, io.EOF) }
