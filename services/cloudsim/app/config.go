package app

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/aws"
)

// Config holds the program's settings, from flags or the environment.
type Config struct {
	Addr       string `default:"localhost:4566" env:"CLOUDSIM_ADDR" help:"Address to serve on, host:port."`
	GoogleAddr string `default:"localhost:4567" env:"CLOUDSIM_GOOGLE_ADDR" help:"Address to serve Google Cloud on, host:port."`
	GoogleURL  string `env:"CLOUDSIM_GOOGLE_URL" placeholder:"URL" help:"Address of the simulated Google Cloud in key files. Default: the address that it is served on."`
	Seed       uint64 `default:"1" env:"CLOUDSIM_SEED" help:"Seed of the world. It determines every id, name and address."`
	Demo       bool   `default:"true" env:"CLOUDSIM_DEMO" negatable:"" help:"Simulate a demo company. Without it, or with --accounts, --projects, --instances or --databases, all accounts are alike."`

	Accounts  int      `env:"CLOUDSIM_ACCOUNTS" help:"Number of accounts, with ids from 100000000001."`
	Regions   string   `default:"3" env:"CLOUDSIM_REGIONS" help:"Regions enabled in each account: how many, or a list of names."`
	Instances int      `env:"CLOUDSIM_INSTANCES" help:"Virtual machines in each account and region."`
	Databases int      `env:"CLOUDSIM_DATABASES" help:"Databases in each account and region."`
	Projects  []string `env:"CLOUDSIM_PROJECTS" help:"Ids of Google Cloud projects, with --instances in each zone and --databases in each region. The demo has its own projects."`
	Hostile   bool     `env:"CLOUDSIM_HOSTILE" help:"Add instances with tags that break careless readers."`

	Churn       time.Duration `default:"2s" env:"CLOUDSIM_CHURN" help:"Time between two changes of the world. 0: it does not change."`
	Latency     time.Duration `default:"-1ns" env:"CLOUDSIM_LATENCY" help:"Delay of each response. Negative: 15ms in the demo, else none."`
	Transition  time.Duration `env:"CLOUDSIM_TRANSITION" help:"Time that instances stay pending, stopping and so on. 0: some seconds."`
	Throttle    bool          `default:"true" env:"CLOUDSIM_THROTTLE" negatable:"" help:"Limit requests like the real clouds."`
	Verify      bool          `default:"true" env:"CLOUDSIM_VERIFY" negatable:"" help:"Check the signatures of requests."`
	VersionTag  string        `env:"CLOUDSIM_VERSION_TAG" help:"Tag that counts the changes of each resource. Default: none."`
	PageSize    int           `env:"CLOUDSIM_PAGE_SIZE" help:"Maximum number of items on a page of a list. 0: the limits of the real services."`
	ExternalID  string        `env:"CLOUDSIM_EXTERNAL_ID" help:"External id that every role requires. The demo has its own."`
	Fault       []string      `env:"CLOUDSIM_FAULT" sep:";" help:"Make calls fail, such as throttle,region=eu-west-1,probability=0.1. May be repeated. Kinds: ${faults}."`
	PrintExport bool          `default:"true" env:"CLOUDSIM_PRINT" negatable:"" help:"Print the variables to export."`
}

// isDemo reports whether to simulate the demo company.
func (c Config) isDemo() bool {
	return c.Demo && len(c.Projects) == 0 && c.Accounts == 0 && c.Instances == 0 && c.Databases == 0
}

// world returns the configuration of the world, and the clouds in it.
func (c Config) world() (cloudsim.Config, []cloud, error) {
	regions, err := parseRegions(c.Regions)
	if err != nil && !c.isDemo() {
		return cloudsim.Config{}, nil, err
	}
	cfg := cloudsim.Config{Seed: c.Seed}
	if c.isDemo() {
		cfg = cloudsim.Demo(c.Seed)
	}
	var simulated []cloud
	for _, cloud := range clouds {
		if plan, ok := cloud.config(c, regions); ok {
			cfg.Clouds = append(cfg.Clouds, plan)
			simulated = append(simulated, cloud)
		}
	}
	cfg.VersionTag, cfg.PageSize = c.VersionTag, c.PageSize
	if c.Latency >= 0 {
		cfg.Latency = c.Latency
	}
	cfg.Transition = cmp.Or(c.Transition, cfg.Transition)
	return cfg, simulated, cfg.Check()
}

// parseRegions parses a number of regions or a list of their names.
func parseRegions(text string) ([]string, error) {
	if n, err := strconv.Atoi(text); err == nil {
		if n < 1 || n > len(aws.Catalogue) {
			return nil, fmt.Errorf("--regions %d: must be from 1 to %d", n, len(aws.Catalogue))
		}
		return aws.DefaultRegions(n), nil
	}
	return strings.Split(text, ","), nil
}

// parseFault parses a fault: its kind, then name=value pairs, all separated by commas.
func parseFault(text string) (cloudsim.Fault, error) {
	kind, rest, _ := strings.Cut(text, ",")
	fault := cloudsim.Fault{Kind: cloudsim.FaultKind(kind)}
	if !slices.Contains(cloudsim.FaultKinds, fault.Kind) {
		return fault, fmt.Errorf("fault %q: unknown kind, choose from %s", kind, faultKinds())
	}
	for pair := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(pair, "=")
		var err error
		switch name {
		case "":
		case "account":
			fault.Account = value
		case "region":
			fault.Region = value
		case "service":
			fault.Service = value
		case "action":
			fault.Action = value
		case "code":
			fault.Code = value
		case "of":
			if fault.Of = cloudsim.Reads(value); fault.Of != cloudsim.Lists && fault.Of != cloudsim.ByID {
				err = fmt.Errorf("of=%s: choose from %s, %s", value, cloudsim.Lists, cloudsim.ByID)
			}
		case "message":
			fault.Message = value
		case "probability":
			fault.Probability, err = strconv.ParseFloat(value, 64)
		case "skip":
			fault.Skip, err = strconv.Atoi(value)
		case "count":
			fault.Count, err = strconv.Atoi(value)
		case "status":
			fault.Status, err = strconv.Atoi(value)
		case "delay":
			fault.Delay, err = time.ParseDuration(value)
		default:
			err = fmt.Errorf("unknown setting %q", name)
		}
		if err != nil {
			return fault, fmt.Errorf("fault %q: %w", text, err)
		}
	}
	return fault, nil
}

// faultKinds returns the kinds of faults for a message.
func faultKinds() string {
	names := make([]string, len(cloudsim.FaultKinds))
	for i, kind := range cloudsim.FaultKinds {
		names[i] = string(kind)
	}
	return strings.Join(names, ", ")
}
