package serve

import (
	"context"
	"errors"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// ErrorDomain is the domain of every ErrorInfo that Rollcall sends (AIP-193).
const ErrorDomain = "rollcall.dev"

const (
	// remedyKey is the key of the remedy in the metadata of an ErrorInfo.
	remedyKey = "remedy"
	// retryDelay is how long a client should wait before it repeats a request that
	// failed with a retryable fault.
	retryDelay = time.Second
)

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
	fault.KindCancelled:          codes.Canceled,
	fault.KindDeadlineExceeded:   codes.DeadlineExceeded,
}

// kindOf is the inverse of codeOf.
var kindOf = func() map[codes.Code]fault.Kind {
	kinds := make(map[codes.Code]fault.Kind, len(codeOf))
	for kind, code := range codeOf {
		kinds[code] = kind
	}
	return kinds
}()

// status returns the status that the caller gets for an error. Faults and statuses
// of other services keep their code. Any other error is a defect: it is logged in
// full, and the caller gets INTERNAL.
func (c *chain) status(ctx context.Context, method string, err error) error {
	if f, ok := fault.As(err); ok {
		if cause := f.Unwrap(); cause != nil {
			c.logger.InfoContext(ctx, "call failed", "method", method, "error", f.Message, "cause", cause)
		}
		return FaultStatus(f).Err()
	}
	switch {
	case errors.Is(err, context.Canceled):
		return status.Error(codes.Canceled, "the caller cancelled the call")
	case errors.Is(err, context.DeadlineExceeded):
		return status.Error(codes.DeadlineExceeded, "the deadline passed before the answer was ready")
	}
	if s, ok := status.FromError(err); ok {
		return s.Err()
	}
	c.logger.ErrorContext(ctx, "unexpected error", "method", method, "error", err)
	return FaultStatus(errInternal()).Err()
}

// errInternal returns the fault that callers get for a defect of Rollcall.
func errInternal() *fault.Error {
	return fault.New(fault.KindInternal, fault.ReasonInternal, "internal error; the server's log has the cause")
}

// FaultStatus returns the google.rpc.Status of a fault. Its details are an
// ErrorInfo with the reason, the metadata and the remedy (under the key `remedy`), a
// BadRequest with the violations, and a RetryInfo if the fault is retryable.
func FaultStatus(f *fault.Error) *status.Status {
	s := status.New(codeOf[f.Kind], f.Message)
	var details []protoadapt.MessageV1
	if f.Reason != "" {
		details = append(details, &errdetails.ErrorInfo{Reason: string(f.Reason), Domain: ErrorDomain, Metadata: metadataOf(f)})
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
	if f.Retryable {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(retryDelay)})
	}
	withDetails, err := s.WithDetails(details...)
	if err != nil { // Only OK can't carry details, and no fault is OK.
		return s
	}
	return withDetails
}

func metadataOf(f *fault.Error) map[string]string {
	if f.Remedy == "" {
		return f.Metadata
	}
	metadata := map[string]string{remedyKey: f.Remedy}
	for key, value := range f.Metadata {
		metadata[key] = value
	}
	return metadata
}

// FaultOf returns the fault that a call to another service failed with: the inverse
// of FaultStatus. The error of a call that is not a status becomes KindInternal.
func FaultOf(err error) *fault.Error {
	s := status.Convert(err)
	f := &fault.Error{Kind: kindOf[s.Code()], Message: s.Message()}
	for _, detail := range s.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			f.Reason, f.Metadata = fault.Reason(detail.GetReason()), detail.GetMetadata()
			f.Remedy = f.Metadata[remedyKey]
		case *errdetails.BadRequest:
			for _, v := range detail.GetFieldViolations() {
				f.Violations = append(f.Violations, fault.Violation{Field: v.GetField(), Description: v.GetDescription()})
			}
		case *errdetails.RetryInfo:
			f.Retryable = true
		}
	}
	return f.WithCause(err)
}
