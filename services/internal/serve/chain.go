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

// chain is what happens to every call around its handler.
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

// admit refuses callers who may not call, and requests that break the rules of
// the contract.
func (c *chain) admit(ctx context.Context, method string, req any) error {
	if c.authorize != nil {
		if err := c.authorize(ctx, method); err != nil {
			return err
		}
	}
	return c.validate(req)
}

// validated holds each message that a stream receives to the rules.
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

// Validate holds a message to the rules of the contract, for requests of which
// only the result of a merge can be judged.
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

// validation turns the rules that were broken into a fault, a violation each.
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

// recovered turns a panic, of a handler or of what is around it, into an internal
// error with its stack in the log.
func (c *chain) recovered(ctx context.Context, p any) error {
	c.logger.ErrorContext(ctx, "panic in a call", "panic", p, "stack", string(debug.Stack()))
	return FaultStatus(errInternal()).Err()
}

// logAdapter lets the logging interceptor write to slog.
func logAdapter(l *slog.Logger) logging.Logger {
	return logging.LoggerFunc(func(ctx context.Context, level logging.Level, msg string, fields ...any) {
		l.Log(ctx, slog.Level(level), msg, fields...)
	})
}

// loggingOptions log the end of each call: quietly when it went as it should or
// the caller was at fault, loudly when we were.
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
