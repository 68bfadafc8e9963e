package app

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/aws"
)

// Main reads the arguments and runs until ctx ends.
func Main(ctx context.Context, args []string, out io.Writer) error {
	var cfg Config
	parser, err := kong.New(&cfg, kong.Name("cloudsim"), kong.UsageOnError(), kong.Vars{"faults": faultKinds()},
		kong.Description("A simulated cloud that speaks AWS's wire protocols (EC2, RDS, STS) to unmodified SDKs."))
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

	churn time.Duration
}

// New builds the world and starts to listen. The caller must Run it, or Close its Server.
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
	return &App{World: world, Server: server, churn: cfg.Churn}, nil
}

// Run serves, and lets things happen in the world, until ctx ends or the server fails.
func (a *App) Run(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() { failed <- a.Server.Wait() }()

	var tick <-chan time.Time
	if a.churn > 0 {
		ticker := time.NewTicker(a.churn)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			err := a.Server.Close()
			if ended := <-failed; err == nil {
				err = ended
			}
			return err
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
	return b.String()
}
