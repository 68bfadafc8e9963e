package serve

import (
	"context"
	"errors"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// ErrorDomain is the domain of every ErrorInfo that Rollcall sends (AIP-193).
const ErrorDomain = "rollcall.dev"

var codeOf = map[fault.Kind]codes.Code{
	fault.KindInternal:           codes.Internal,
	fault.KindInvalidArgument:    codes.InvalidArgument,
	fault.KindNotFound:           codes.NotFound,
	fault.KindAlreadyExists:      codes.AlreadyExists,
	fault.KindFailedPrecondition: codes.FailedPrecondition,
	fault.KindAborted:            codes.Aborted,
	fault.KindPermissionDenied:   codes.PermissionDenied,
	fault.KindUnauthenticated:    codes.Unauthenticated,
	fault.KindUnavailable:        codes.Unavailable,
	fault.KindResourceExhausted:  codes.ResourceExhausted,
	fault.KindUnimplemented:      codes.Unimplemented,
	fault.KindOutOfRange:         codes.OutOfRange,
}

// status is what leaves for an error. Faults leave as they are, a call that the
// caller gave up as such, and what nobody foresaw as "internal", logged in full.
func (c *chain) status(ctx context.Context, method string, err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		if cause := f.Unwrap(); cause != nil {
			c.logger.InfoContext(ctx, "call failed", "method", method, "error", f.Message, "cause", cause)
		}
		return FaultStatus(f).Err()
	}
	switch {
	case errors.Is(err, context.Canceled):
		return status.Error(codes.Canceled, "the caller gave up")
	case errors.Is(err, context.DeadlineExceeded):
		return status.Error(codes.DeadlineExceeded, "the deadline passed before the answer was ready")
	}
	if s, ok := status.FromError(err); ok {
		return s.Err()
	}
	c.logger.ErrorContext(ctx, "unforeseen error", "method", method, "error", err)
	return FaultStatus(errInternal()).Err()
}

// errInternal is all that callers learn of our own mistakes.
func errInternal() *fault.Error {
	return fault.New(fault.KindInternal, "INTERNAL", "internal error; the server's log has the cause")
}

// FaultStatus is the google.rpc.Status of a fault.
func FaultStatus(f *fault.Error) *status.Status {
	s := status.New(codeOf[f.Kind], f.Message)
	var details []protoadapt.MessageV1
	if f.Reason != "" {
		details = append(details, &errdetails.ErrorInfo{Reason: f.Reason, Domain: ErrorDomain, Metadata: f.Metadata})
	}
	if len(f.Violations) > 0 {
		bad := &errdetails.BadRequest{}
		for _, v := range f.Violations {
			bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{
				Field: v.Field, Description: v.Description,
			})
		}
		details = append(details, bad)
	}
	withDetails, err := s.WithDetails(details...)
	if err != nil { // Only OK can't carry details, and no fault is OK.
		return s
	}
	return withDetails
}
