package serve

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"

	"buf.build/go/protovalidate"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/logging"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// chain does the work before and after the handler of every call.
type chain struct {
	logger    *slog.Logger
	authorize func(context.Context, string) error
	validator protovalidate.Validator
}

func (c *chain) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	err := c.admit(ctx, info.FullMethod, req)
	var resp any
	if err == nil {
		resp, err = next(ctx, req)
	}
	if err != nil {
		return nil, c.status(ctx, info.FullMethod, err)
	}
	return resp, nil
}

func (c *chain) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	err := c.admit(ss.Context(), info.FullMethod, nil)
	if err == nil {
		err = next(srv, &validated{ServerStream: ss, chain: c})
	}
	if err != nil {
		return c.status(ss.Context(), info.FullMethod, err)
	}
	return nil
}

// admit refuses callers without permission, and requests that violate the rules of the
// API.
func (c *chain) admit(ctx context.Context, method string, req any) error {
	if c.authorize != nil {
		if err := c.authorize(ctx, method); err != nil {
			return err
		}
	}
	return c.validate(req)
}

// validated is a stream that validates each message that it receives.
type validated struct {
	grpc.ServerStream
	chain *chain
}

func (v *validated) RecvMsg(m any) error {
	if err := v.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	return v.chain.validate(m)
}

func (c *chain) validate(req any) error {
	message, ok := req.(proto.Message)
	if !ok {
		return nil
	}
	return validation(c.validator.Validate(message))
}

// Validate validates a message by the rules of the API: for a request that can only be
// validated after it was merged with what is stored. Violations have the prefix in
// front of their fields.
func Validate(message proto.Message, prefix string) error {
	err := validation(protovalidate.Validate(message))
	if f, ok := errors.AsType[*fault.Error](err); ok && prefix != "" {
		for i := range f.Violations {
			f.Violations[i].Field = prefix + "." + f.Violations[i].Field
		}
		f.Message = violationText(f.Violations)
	}
	return err
}

// validation turns violated rules into one fault with a violation for each.
func validation(err error) error {
	broken, ok := errors.AsType[*protovalidate.ValidationError](err)
	if !ok {
		return err
	}
	f := fault.New(fault.KindInvalidArgument, fault.ReasonInvalidField, "")
	for _, v := range broken.Violations {
		f.Violations = append(f.Violations, fault.Violation{
			Field:       protovalidate.FieldPathString(v.Proto.GetField()),
			Description: v.Proto.GetMessage(),
		})
	}
	f.Message = violationText(f.Violations)
	return f
}

func violationText(violations []fault.Violation) string {
	text := ""
	for i, v := range violations {
		if i > 0 {
			text += "; "
		}
		if v.Field != "" {
			text += v.Field + ": "
		}
		text += v.Description
	}
	return text
}

// recovered turns a panic of a handler or an interceptor into an internal error, and
// logs its stack.
func (c *chain) recovered(ctx context.Context, p any) error {
	c.logger.ErrorContext(ctx, "panic in a call", "panic", p, "stack", string(debug.Stack()))
	return FaultStatus(errInternal()).Err()
}

// logAdapter returns a logger for the logging interceptor that writes to slog.
func logAdapter(l *slog.Logger) logging.Logger {
	return logging.LoggerFunc(func(ctx context.Context, level logging.Level, msg string, fields ...any) {
		l.Log(ctx, slog.Level(level), msg, fields...)
	})
}

// loggingOptions log the end of each call: as an error if Rollcall is at fault, as a
// warning if something was not available, else for debugging.
func loggingOptions() []logging.Option {
	return []logging.Option{
		logging.WithLogOnEvents(logging.FinishCall),
		logging.WithLevels(func(code codes.Code) logging.Level {
			switch code {
			case codes.Unknown, codes.Internal, codes.DataLoss:
				return logging.LevelError
			case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted:
				return logging.LevelWarn
			default:
				return logging.LevelDebug
			}
		}),
	}
}
