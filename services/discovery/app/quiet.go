package app

import (
	"context"
	"log/slog"
)

// quiet returns a logger for a library whose information is of no interest to users: its records of
// level info become records of level debug.
func quiet(logger *slog.Logger) *slog.Logger {
	return slog.New(quietHandler{logger.Handler()})
}

type quietHandler struct{ slog.Handler }

// lowered returns the level at which a record is logged.
func lowered(level slog.Level) slog.Level {
	if level == slog.LevelInfo {
		return slog.LevelDebug
	}
	return level
}

func (h quietHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.Handler.Enabled(ctx, lowered(level))
}

func (h quietHandler) Handle(ctx context.Context, record slog.Record) error {
	record.Level = lowered(record.Level)
	if isStop(record) {
		record.Level = slog.LevelDebug
	}
	if !h.Handler.Enabled(ctx, record.Level) {
		return nil
	}
	return h.Handler.Handle(ctx, record)
}

// isStop reports whether a record only states that a job was cancelled, which River logs as an error.
func isStop(record slog.Record) (stop bool) {
	record.Attrs(func(attr slog.Attr) bool {
		stop = stop || attr.Value.String() == context.Canceled.Error()
		return !stop
	})
	return stop
}

func (h quietHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return quietHandler{h.Handler.WithAttrs(attrs)}
}

func (h quietHandler) WithGroup(name string) slog.Handler {
	return quietHandler{h.Handler.WithGroup(name)}
}
