// Command rollcall keeps a true roll of a company's cloud instances: the command line client, and `rollcall up`; see package cli.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/rollcall-dev/rollcall/services/rollcall/cli"
)

// version is set by release builds: -ldflags "-X main.version=v1.2.3".
var version string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// From the first signal on the next one ends the program at once, as it does any other.
	context.AfterFunc(ctx, stop)
	os.Exit(cli.Run(ctx, version, os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
