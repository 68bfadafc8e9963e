package aws

import (
	"fmt"
	"slices"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

const (
	// DefaultTerminatedFor is how long EC2 lists a terminated instance: "usually about an hour".
	DefaultTerminatedFor = time.Hour
	// DefaultRestartAfter is how long RDS leaves a database stopped: "up to seven days".
	DefaultRestartAfter = 7 * 24 * time.Hour

	// firstAccount is the id of the first account if the configuration has no ids.
	firstAccount = 100_000_000_001
)

// Config describes the simulated AWS. The zero value is one empty account with the three default
// regions.
type Config struct {
	// Accounts is the number of uniform accounts, with ids from 100000000001. Default: 1. Plan
	// replaces it.
	Accounts int
	// Regions are enabled in each uniform account. Default: DefaultRegions(3).
	Regions []string
	// Instances is the number of instances in each account and region.
	Instances int
	// Databases is the number of databases in each account and region. About one in four belongs to
	// an Aurora cluster.
	Databases int
	// Hostile adds HostileSpecs to the first region of each account.
	Hostile bool

	// Plan describes the accounts one by one. It replaces Accounts, Instances and Databases.
	Plan []AccountPlan

	// RestartAfter is how long RDS leaves a database stopped before it starts it again. Zero means
	// DefaultRestartAfter.
	RestartAfter time.Duration
	// TerminatedFor is how long terminated instances stay visible. Zero means DefaultTerminatedFor.
	TerminatedFor time.Duration

	// IgnoreSignatures accepts requests whose SigV4 signature is wrong.
	IgnoreSignatures bool
	// Limits throttle requests like the real cloud; see DocumentedLimits. The zero value does not
	// throttle.
	Limits Limits
	// ExternalID, if set, is required by AssumeRole for every role that PutRole did not describe.
	ExternalID string
}

// AccountPlan describes one account.
type AccountPlan struct {
	// ID has 12 digits. Default: the next one after 100000000001.
	ID string
	// Name is the account's name for people, such as "payments-prod".
	Name string
	// Env is the value of the env tag. Default: instances get one of several.
	Env string
	// Workloads name the instances and their service tag. Default: a fixed set.
	Workloads []cloudsim.Workload
	// Regions are the enabled regions. Default: Config.Regions.
	Regions []string
	// Instances and Databases are numbers per region.
	Instances int
	Databases int
}

// Check returns the first mistake in the configuration, or nil.
func (c Config) Check() error {
	seen := make(map[string]bool)
	for _, plan := range c.complete().Plan {
		if len(plan.ID) != 12 {
			return fmt.Errorf("account id %q: must have 12 digits", plan.ID)
		}
		if seen[plan.ID] {
			return fmt.Errorf("account %s: configured twice", plan.ID)
		}
		seen[plan.ID] = true
		for _, name := range plan.Regions {
			if _, ok := lookupRegion(name); !ok {
				return fmt.Errorf("account %s: unknown region %q", plan.ID, name)
			}
		}
	}
	return nil
}

// complete returns the configuration with every default filled in.
func (c Config) complete() Config {
	if c.RestartAfter == 0 {
		c.RestartAfter = DefaultRestartAfter
	}
	if c.TerminatedFor == 0 {
		c.TerminatedFor = DefaultTerminatedFor
	}
	if len(c.Regions) == 0 {
		c.Regions = DefaultRegions(3)
	}
	c.Plan = slices.Clone(c.Plan)
	if len(c.Plan) == 0 {
		for range max(c.Accounts, 1) {
			c.Plan = append(c.Plan, AccountPlan{Instances: c.Instances, Databases: c.Databases})
		}
	}
	for i := range c.Plan {
		c.Plan[i] = c.Plan[i].complete(i, c.Regions)
	}
	return c
}

// complete returns the plan of the i-th account with every default filled in.
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
	if len(p.Workloads) == 0 {
		p.Workloads = defaultWorkloads
	}
	return p
}
