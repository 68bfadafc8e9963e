package gcp

import (
	"math/rand/v2"
	"slices"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// Cloud is the state of the simulated Google Cloud: projects with VMs, Cloud SQL instances, service
// accounts and operations. All methods are safe for concurrent use.
type Cloud struct {
	world    *cloudsim.World
	cfg      Config
	projects map[string]*project
	order    []string // project ids in the order of the configuration

	identities  identities
	permissions permissions
	limiter     *cloudsim.Limiter
}

// In returns the Google Cloud of a world. It panics if the world has none.
func In(w *cloudsim.World) *Cloud { return cloudsim.Find[*Cloud](w) }

// Build returns the cloud that the configuration describes. It implements cloudsim.CloudConfig.
func (c Config) Build(w *cloudsim.World) cloudsim.Cloud {
	c = c.complete()
	cloud := &Cloud{
		world: w, cfg: c, limiter: cloudsim.NewLimiter(w.Now), projects: make(map[string]*project, len(c.Projects)),
	}
	for _, plan := range c.Projects {
		cloud.projects[plan.ID] = newProject(cloud, plan)
		cloud.order = append(cloud.order, plan.ID)
	}
	cloud.identities.init(cloud)
	cloud.permissions.init()
	return cloud
}

// Size returns the number of projects.
func (c *Cloud) Size() int { return len(c.order) }

// Step changes one resource in a project. It implements cloudsim.Cloud.
func (c *Cloud) Step(rng *rand.Rand) cloudsim.Event {
	p, err := c.project(cloudsim.Pick(rng, c.order))
	if err != nil {
		panic("cloudsim: " + err.Error()) // order holds only ids of projects
	}
	return p.step(rng, c.world.Now())
}

// Projects returns the ids of all projects, in the order of the configuration.
func (c *Cloud) Projects() []string { return slices.Clone(c.order) }
