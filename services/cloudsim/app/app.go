package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/kong"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	"github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
)

// Main reads the arguments and runs until ctx ends.
func Main(ctx context.Context, args []string, out io.Writer) error {
	var cfg Config
	parser, err := kong.New(&cfg, kong.Name("cloudsim"), kong.UsageOnError(), kong.Vars{"faults": faultKinds()},
		kong.Description("A simulated cloud that speaks the wire protocols of AWS (EC2, RDS, STS) and Google Cloud (Compute Engine, Cloud SQL) to unmodified SDKs."))
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

// App is a world that is being served.
type App struct {
	World  *cloudsim.World
	Server *aws.Server
	// Google serves the world's Google Cloud projects; nil when it has none.
	Google *gcp.Server

	churn time.Duration
}

// New builds the world and starts to listen. The caller must Run it, or Close it.
func New(cfg Config) (*App, error) {
	worldConfig, err := cfg.world()
	if err != nil {
		return nil, err
	}
	world := cloudsim.New(worldConfig)
	for _, text := range cfg.Fault {
		fault, err := parseFault(text)
		if err != nil {
			return nil, err
		}
		world.Inject(fault)
	}
	server, err := aws.ServeOn(world, cfg.Addr)
	if err != nil {
		return nil, err
	}
	app := &App{World: world, Server: server, churn: cfg.Churn}
	if len(world.Projects()) > 0 {
		if app.Google, err = gcp.ServeOn(world, cmp.Or(cfg.GoogleAddr, "127.0.0.1:0")); err != nil {
			return nil, errors.Join(err, app.Close())
		}
		app.Google.URL = cmp.Or(strings.TrimSuffix(cfg.GoogleURL, "/"), app.Google.URL)
	}
	return app, nil
}

// Close ends the servers at once. For an app that is not run; Run does it by itself.
func (a *App) Close() error {
	err := a.Server.Close()
	if a.Google != nil {
		err = errors.Join(err, a.Google.Close())
	}
	return err
}

// Run serves, and lets things happen in the world, until ctx ends or a server fails.
func (a *App) Run(ctx context.Context) (err error) {
	failed := make(chan error, 2)
	var waiting sync.WaitGroup
	waiting.Go(func() { failed <- a.Server.Wait() })
	if a.Google != nil {
		waiting.Go(func() { failed <- a.Google.Wait() })
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

// Instructions says what is there and what to export to try it.
func (a *App) Instructions() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Simulated cloud on %s\n\n", a.Server.URL)
	const listed = 10
	accounts := a.World.Accounts()
	for _, id := range accounts[:min(len(accounts), listed)] {
		fmt.Fprintf(&b, "  %s  %-16s %s\n", id, a.World.AccountName(id), strings.Join(a.World.Regions(id), " "))
	}
	if more := len(accounts) - listed; more > 0 {
		fmt.Fprintf(&b, "  and %d more\n", more)
	}
	b.WriteString("\nTo try it:\n\n")
	env := a.Server.Env(accounts[0])
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"} {
		fmt.Fprintf(&b, "  export %s=%s\n", name, env[name])
	}
	b.WriteString("  aws ec2 describe-instances\n\n")
	fmt.Fprintf(&b, "Other accounts open through the role %s", cloudsim.RoleARN("ACCOUNT", cloudsim.DemoRole))
	if id := a.World.ExternalID(); id != "" {
		fmt.Fprintf(&b, " with the external id %s", id)
	}
	b.WriteString(".\n")
	if a.Google != nil {
		a.googleInstructions(&b)
	}
	return b.String()
}

// googleInstructions says the same of Google Cloud.
func (a *App) googleInstructions(b *strings.Builder) {
	fmt.Fprintf(b, "\nSimulated Google Cloud on %s\n\n", a.Google.URL)
	for _, id := range a.World.Projects() {
		fmt.Fprintf(b, "  %-20s %s\n", id, strings.Join(a.World.ProjectRegions(id), " "))
	}
	b.WriteString("\n")
	env := a.Google.Env()
	for _, name := range slices.Sorted(maps.Keys(env)) {
		fmt.Fprintf(b, "  export %s=%s\n", name, env[name])
	}
	fmt.Fprintf(b, "  curl -s %s/keys/%s > key.json && export GOOGLE_APPLICATION_CREDENTIALS=$PWD/key.json\n", a.Google.URL, a.World.Projects()[0])
}
