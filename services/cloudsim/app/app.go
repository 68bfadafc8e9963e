package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/kong"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// Main reads the arguments and runs until ctx ends.
func Main(ctx context.Context, args []string, out io.Writer) error {
	var cfg Config
	parser, err := kong.New(&cfg, kong.Name("cloudsim"), kong.UsageOnError(), kong.Vars{"faults": faultKinds()}, kong.Description(
		"A simulated cloud that speaks the wire protocols of AWS (EC2, RDS, STS) and Google Cloud (Compute Engine, Cloud SQL) to unmodified SDKs."))
	if err != nil {
		return err
	}
	if _, err := parser.Parse(args); err != nil {
		return err
	}
	app, err := New(cfg)
	if err != nil {
		return err
	}
	if cfg.PrintExport {
		fmt.Fprint(out, app.Instructions())
	}
	return app.Run(ctx)
}

// App serves the clouds of a world.
type App struct {
	World *cloudsim.World

	servers []Server
	churn   time.Duration
}

// New builds the world and starts to listen. The caller must call Run, or Close.
func New(cfg Config) (*App, error) {
	worldConfig, simulated, err := cfg.world()
	if err != nil {
		return nil, err
	}
	app := &App{World: cloudsim.New(worldConfig), churn: cfg.Churn}
	for _, text := range cfg.Fault {
		fault, err := parseFault(text)
		if err != nil {
			return nil, err
		}
		app.World.Inject(fault)
	}
	for _, cloud := range simulated {
		server, err := cloud.serve(app.World, cfg)
		if err != nil {
			return nil, errors.Join(err, app.Close())
		}
		app.servers = append(app.servers, server)
	}
	return app, nil
}

// Find returns the server of a type. It panics if the app does not serve that cloud.
func Find[S Server](a *App) S {
	for _, server := range a.servers {
		if found, ok := server.(S); ok {
			return found
		}
	}
	panic(fmt.Sprintf("cloudsim: the app has no server of type %T", *new(S)))
}

// Close ends the servers at once. Run calls it; callers need it only if they do not call Run.
func (a *App) Close() error {
	var errs []error
	for _, server := range a.servers {
		errs = append(errs, server.Close())
	}
	return errors.Join(errs...)
}

// Run serves the clouds and changes the world at the configured interval, until ctx ends or a
// server fails.
func (a *App) Run(ctx context.Context) (err error) {
	failed := make(chan error, len(a.servers))
	var waiting sync.WaitGroup
	for _, server := range a.servers {
		waiting.Go(func() { failed <- server.Wait() })
	}
	defer waiting.Wait()
	defer func() { err = errors.Join(err, a.Close()) }()

	var tick <-chan time.Time
	if a.churn > 0 {
		ticker := time.NewTicker(a.churn)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return err
		case <-tick:
			a.World.Churn(1)
		}
	}
}

// Instructions describes the simulated clouds and the environment variables that point tools at
// them.
func (a *App) Instructions() string {
	texts := make([]string, 0, len(a.servers))
	for _, server := range a.servers {
		texts = append(texts, server.Instructions())
	}
	return strings.Join(texts, "\n")
}
