package gcp

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// Config describes the simulated Google Cloud. The zero value has no projects.
type Config struct {
	Projects []ProjectPlan
	// Limits throttle requests like the real cloud; see DocumentedLimits. The zero value does not
	// throttle.
	Limits Limits
}

// ProjectPlan describes one Google Cloud project.
type ProjectPlan struct {
	// ID is the project id: 6 to 30 lower case letters, digits and hyphens.
	ID string
	// Name is the project's name for people. Default: the id.
	Name string
	// Env is the value of the env label. Default: VMs get one of several.
	Env string
	// Workloads name the VMs and their service label. Default: a fixed set.
	Workloads []cloudsim.Workload
	// Regions are the regions with generated content. All others exist, and are empty. Default: the
	// first two.
	Regions []string
	// Instances is the number of VMs in each zone of Regions, Databases that of Cloud SQL instances
	// in each of Regions.
	Instances int
	Databases int
	// Hostile adds HostileVMSpecs to the first zone.
	Hostile bool
	// Members are the emails of further service accounts with the permissions of the project's own.
	Members []string
}

var projectIDPattern = regexp.MustCompile(`^([a-z0-9.-]{1,80}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$`)

// Check returns the first mistake in the configuration, or nil.
func (c Config) Check() error {
	seen := make(map[string]bool)
	for _, plan := range c.Projects {
		if !projectIDPattern.MatchString(plan.ID) {
			return fmt.Errorf("project id %q: must be 6 to 30 lower case letters, digits and hyphens", plan.ID)
		}
		if seen[plan.ID] {
			return fmt.Errorf("project %s: configured twice", plan.ID)
		}
		seen[plan.ID] = true
		for _, name := range plan.Regions {
			if _, ok := lookupRegion(name); !ok {
				return fmt.Errorf("project %s: unknown region %q", plan.ID, name)
			}
		}
	}
	return nil
}

// complete returns the configuration with every default filled in.
func (c Config) complete() Config {
	c.Projects = slices.Clone(c.Projects)
	for i := range c.Projects {
		c.Projects[i] = c.Projects[i].complete()
	}
	return c
}

// complete returns the plan with every default filled in.
func (p ProjectPlan) complete() ProjectPlan {
	if p.Name == "" {
		p.Name = p.ID
	}
	if len(p.Regions) == 0 {
		p.Regions = DefaultRegions(2)
	}
	if len(p.Workloads) == 0 {
		p.Workloads = defaultWorkloads
	}
	return p
}
