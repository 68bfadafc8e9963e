package clients

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// callLimit bounds one unary call. The call waits for a service that restarts meanwhile.
const callLimit = 10 * time.Second

var kinds = map[codes.Code]fault.Kind{
	codes.InvalidArgument:    fault.KindInvalidArgument,
	codes.NotFound:           fault.KindNotFound,
	codes.AlreadyExists:      fault.KindAlreadyExists,
	codes.FailedPrecondition: fault.KindFailedPrecondition,
	codes.Aborted:            fault.KindAborted,
	codes.PermissionDenied:   fault.KindPermissionDenied,
	codes.Unauthenticated:    fault.KindUnauthenticated,
	codes.Unavailable:        fault.KindUnavailable,
	codes.DeadlineExceeded:   fault.KindUnavailable,
	codes.ResourceExhausted:  fault.KindResourceExhausted,
	codes.Unimplemented:      fault.KindUnimplemented,
	codes.OutOfRange:         fault.KindOutOfRange,
}

// faultOf returns the fault of a call to a service, or the error of ctx if ctx ended first.
func faultOf(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	s := status.Convert(err)
	f := fault.New(kinds[s.Code()], "", "%s", s.Message()).WithCause(err)
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			f.Reason, f.Metadata = fault.Reason(info.GetReason()), info.GetMetadata()
		}
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
