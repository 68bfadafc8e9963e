package serve

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// Logging configures how a program logs.
type Logging struct {
	Level  slog.Level `name:"log-level" env:"ROLLCALL_LOG_LEVEL" default:"info" help:"Lowest level that is logged: debug, info, warn or error."`
	Format string     `name:"log-format" env:"ROLLCALL_LOG_FORMAT" default:"text" enum:"text,json" help:"Format of a log line: text or json."`

	// Out replaces the writer that is passed to Logger if it is set.
	Out io.Writer `kong:"-"`
}

// Logger returns a logger that writes to w.
func (l Logging) Logger(w io.Writer) *slog.Logger {
	if l.Out != nil {
		w = l.Out
	}
	options := &slog.HandlerOptions{Level: l.Level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// Runner is a service that is built. It serves until ctx ends.
type Runner interface {
	Run(ctx context.Context) error
}

// Main is the main function of a service. It parses flags and environment variables
// into a config, builds the service, runs it until SIGINT or SIGTERM, and exits.
func Main[C any, R Runner](name, description string, build func(context.Context, C) (R, error)) {
	var config C
	kong.Parse(&config, kong.Name(name), kong.Description(description), kong.UsageOnError())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, config, build)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

func run[C any, R Runner](ctx context.Context, config C, build func(context.Context, C) (R, error)) error {
	runner, err := build(ctx, config)
	if err != nil {
		return err
	}
	return runner.Run(ctx)
}
