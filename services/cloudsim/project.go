package cloudsim

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"sync"
	"time"
)

// ProjectPlan describes one Google Cloud project.
type ProjectPlan struct {
	// ID is the project id, 6 to 30 lower case letters, digits and hyphens.
	ID string
	// Name is what people call the project. Empty: the id.
	Name string
	// Env is the value of the env label. Empty: VMs get one of several.
	Env string
	// Services name the VMs and their service label. Empty: a default set.
	Services []ServicePlan
	// Regions are those that hold something. Every other one is there too, and empty. Empty: the first two.
	Regions []string
	// Instances is the number of VMs in each zone of Regions, Databases of Cloud SQL instances in each of Regions.
	Instances int
	Databases int
	// Hostile adds VMs and labels that break careless readers to the first zone.
	Hostile bool
	// Members are further service accounts, by email, that may do all that the project's own may.
	Members []string
}

// project is one Google Cloud project. Its content is made when it is first touched.
type project struct {
	world   *World
	plan    ProjectPlan
	number  uint64
	entropy uint64
	zones   []string // all zones of the catalogue, sorted

	fill sync.Once

	mu        sync.RWMutex
	rng       *rand.Rand
	subnets   map[string]*Subnetwork // by region
	byZone    map[string][]*VM       // in the order of Seq
	names     map[string]*VM         // by zone/name
	next      uint64                 // Seq of the next VM
	databases []*SQLInstance         // sorted by name
	nextSQL   uint64
	ops       operations
}

var projectIDPattern = regexp.MustCompile(`^([a-z0-9.-]{1,80}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$`)

// checkProjects tells what is wrong with the plan of the projects, nil when nothing is.
func checkProjects(plans []ProjectPlan) error {
	seen := make(map[string]bool)
	for _, plan := range plans {
		if !projectIDPattern.MatchString(plan.ID) {
			return fmt.Errorf("project id %q: must be 6 to 30 lower case letters, digits and hyphens", plan.ID)
		}
		if seen[plan.ID] {
			return fmt.Errorf("project %s is there twice", plan.ID)
		}
		seen[plan.ID] = true
		for _, name := range plan.Regions {
			if _, ok := googleRegion(name); !ok {
				return fmt.Errorf("project %s: unknown region %q", plan.ID, name)
			}
		}
	}
	return nil
}

// complete fills in what a project's plan leaves open.
func (p ProjectPlan) complete() ProjectPlan {
	if p.Name == "" {
		p.Name = p.ID
	}
	if len(p.Regions) == 0 {
		p.Regions = DefaultGoogleRegions(2)
	}
	if len(p.Services) == 0 {
		p.Services = googleServices
	}
	return p
}

// newProject makes a project that is empty until it is touched.
func newProject(w *World, plan ProjectPlan) *project {
	entropy := Mix(w.cfg.Seed, hash("project", plan.ID))
	p := &project{
		world: w, plan: plan, entropy: entropy,
		number:  100_000_000_000 + Mix(entropy, 1)%900_000_000_000,
		rng:     rand.New(rand.NewPCG(entropy, 1)),
		subnets: make(map[string]*Subnetwork), byZone: make(map[string][]*VM), names: make(map[string]*VM),
		next: 1,
	}
	for _, region := range GoogleCatalogue {
		p.zones = append(p.zones, region.ZoneNames()...)
		p.subnets[region.Name] = &Subnetwork{Network: "default", Name: "default", Region: region.Name}
	}
	slices.Sort(p.zones)
	return p
}

// project finds a project, with its content. The error is ErrNoProject.
func (w *World) project(id string) (*project, error) {
	p, ok := w.projects[id]
	if !ok {
		return nil, &ResourceError{Err: ErrNoProject, ID: id}
	}
	p.fill.Do(p.populate)
	return p, nil
}

// hasZone tells whether a zone exists.
func (p *project) hasZone(zone string) bool {
	_, ok := slices.BinarySearch(p.zones, zone)
	return ok
}

// Projects returns the ids of all Google Cloud projects, in the order of the configuration.
func (w *World) Projects() []string { return slices.Clone(w.projectOrder) }

// ProjectInfo is what Google says of a project as a whole.
type ProjectInfo struct {
	ID      string
	Name    string
	Number  uint64
	Created time.Time
}

// Project describes a project. The error is ErrNoProject.
func (w *World) Project(id string) (ProjectInfo, error) {
	p, ok := w.projects[id]
	if !ok {
		return ProjectInfo{}, &ResourceError{Err: ErrNoProject, ID: id}
	}
	return ProjectInfo{
		ID: id, Name: p.plan.Name, Number: p.number,
		Created: p.created(),
	}, nil
}

// created is when the project was made.
func (p *project) created() time.Time {
	return time.Date(2023, 1, 1, 9, 0, 0, 0, time.UTC).Add(time.Duration(p.entropy%(1000*24)) * time.Hour)
}

// ProjectRegions returns the regions of a project's plan, those that hold something.
func (w *World) ProjectRegions(id string) []string {
	if p, ok := w.projects[id]; ok {
		return slices.Clone(p.plan.Regions)
	}
	return nil
}

// GoogleZones returns the names of all zones, sorted. Every project has them all.
func GoogleZones() []string {
	var zones []string
	for _, region := range GoogleCatalogue {
		zones = append(zones, region.ZoneNames()...)
	}
	slices.Sort(zones)
	return zones
}
