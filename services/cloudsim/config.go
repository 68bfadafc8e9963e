package cloudsim

import (
	"fmt"
	"time"
)

const (
	// DefaultTransition is how long a machine or database stays pending, stopping and so on.
	DefaultTransition = 5 * time.Second
	// DefaultTerminatedFor is how long EC2 goes on listing a terminated instance: "usually about an hour".
	DefaultTerminatedFor = time.Hour
	// DefaultRestartAfter is how long RDS leaves a database stopped: "up to seven days".
	DefaultRestartAfter = 7 * 24 * time.Hour
	// Immediately is the Config.Transition that makes every state change complete when it is asked for.
	Immediately = time.Duration(-1)

	// firstAccount is the id of the first account of a uniform world.
	firstAccount = 100_000_000_001
)

// Config says what a World holds and how it behaves. The zero value is one account with the three default regions, empty.
type Config struct {
	// Seed decides every id, name, address and tag.
	Seed uint64

	// Accounts is how many uniform accounts there are, with ids from 100000000001 on. Default 1. Plan replaces it.
	Accounts int
	// Regions are enabled in each uniform account. Default: DefaultRegions(3).
	Regions []string
	// Instances is the number of virtual machines in each account and region.
	Instances int
	// Databases is the number of databases in each account and region. About one in four is a member of an Aurora cluster.
	Databases int
	// Hostile adds HostileSpecs to each account's first region.
	Hostile bool

	// Plan describes accounts one by one, in place of Accounts, Regions, Instances and Databases.
	Plan []AccountPlan

	// Projects are the Google Cloud projects. Default: none.
	Projects []ProjectPlan

	// Now is the world's clock. Default time.Now.
	Now func() time.Time
	// Transition is how long intermediate states last. Zero means DefaultTransition; see Immediately.
	Transition time.Duration
	// RestartAfter is how long RDS leaves a database stopped before it starts it by itself. Zero means DefaultRestartAfter.
	RestartAfter time.Duration
	// TerminatedFor is how long terminated machines stay visible. Zero means DefaultTerminatedFor.
	TerminatedFor time.Duration

	// VersionTag names a tag (a label, of Google Cloud) that counts the changes of each thing, so that a reader can tell
	// which of two sightings is the older one. States that follow by themselves are no change. Empty: no such tag.
	VersionTag string

	// PageSize is the most that a page of a list holds, whatever a request asks for. Zero: what the real services send.
	PageSize int

	// Latency is added to every answer.
	Latency time.Duration
	// VerifySignatures rejects requests whose SigV4 signature was not made with the access key's secret.
	VerifySignatures bool
	// Limits throttle like the real cloud; see DocumentedLimits. The zero value never throttles.
	Limits Limits
	// ExternalID, when set, is what AssumeRole must present for every role that PutRole did not describe.
	ExternalID string
}

// AccountPlan describes one account.
type AccountPlan struct {
	// ID has 12 digits. Empty: the next one after 100000000001.
	ID string
	// Name is what people call the account, such as "payments-prod".
	Name string
	// Env is the value of the env tag. Empty: machines get one of several.
	Env string
	// Services name the machines and their service tag. Empty: a default set.
	Services []ServicePlan
	// Regions are the enabled ones. Empty: Config.Regions.
	Regions []string
	// Instances and Databases are numbers per region.
	Instances int
	Databases int
}

// ServicePlan is one workload of an account: how its machines are called and who owns them.
type ServicePlan struct {
	Name string
	Team string
	// Types are the machine types it uses. Empty: a default set.
	Types []string
	// Spot is the share of its machines that are spot capacity, 0 to 1.
	Spot float64
}

// complete returns the configuration with every default filled in.
func (c Config) complete() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Transition == 0 {
		c.Transition = DefaultTransition
	}
	if c.Transition < 0 {
		c.Transition = 0
	}
	if c.RestartAfter == 0 {
		c.RestartAfter = DefaultRestartAfter
	}
	if c.TerminatedFor == 0 {
		c.TerminatedFor = DefaultTerminatedFor
	}
	if len(c.Regions) == 0 {
		c.Regions = DefaultRegions(3)
	}
	if len(c.Plan) == 0 {
		c.Plan = make([]AccountPlan, max(c.Accounts, 1))
		for i := range c.Plan {
			c.Plan[i] = AccountPlan{Instances: c.Instances, Databases: c.Databases}
		}
	} else {
		c.Plan = append([]AccountPlan(nil), c.Plan...)
	}
	for i := range c.Plan {
		c.Plan[i] = c.Plan[i].complete(i, c.Regions)
	}
	c.Projects = append([]ProjectPlan(nil), c.Projects...)
	for i := range c.Projects {
		c.Projects[i] = c.Projects[i].complete()
	}
	return c
}

// complete fills in what the i-th account's plan leaves open.
func (p AccountPlan) complete(i int, regions []string) AccountPlan {
	if p.ID == "" {
		p.ID = fmt.Sprintf("%012d", firstAccount+i)
	}
	if p.Name == "" {
		p.Name = fmt.Sprintf("account-%d", i+1)
	}
	if len(p.Regions) == 0 {
		p.Regions = regions
	}
	if len(p.Services) == 0 {
		p.Services = defaultServices
	}
	return p
}
