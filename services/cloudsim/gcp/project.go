package gcp

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// project is a Google Cloud project. Its content is generated on first use.
type project struct {
	cloud   *Cloud
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

// newProject returns a project without content.
func newProject(c *Cloud, plan ProjectPlan) *project {
	entropy := cloudsim.Mix(c.world.Seed(), cloudsim.Hash("project", plan.ID))
	p := &project{
		cloud: c, plan: plan, entropy: entropy,
		number:  100_000_000_000 + cloudsim.Mix(entropy, 1)%900_000_000_000,
		rng:     rand.New(rand.NewPCG(entropy, 1)),
		subnets: make(map[string]*Subnetwork), byZone: make(map[string][]*VM), names: make(map[string]*VM),
		next: 1,
	}
	for _, region := range Catalogue {
		p.zones = append(p.zones, region.ZoneNames()...)
		p.subnets[region.Name] = &Subnetwork{Network: "default", Name: "default", Region: region.Name}
	}
	slices.Sort(p.zones)
	return p
}

// project returns a project with its content. Error: ErrNoProject.
func (c *Cloud) project(id string) (*project, error) {
	p, ok := c.projects[id]
	if !ok {
		return nil, &cloudsim.ResourceError{Err: ErrNoProject, ID: id}
	}
	p.fill.Do(p.populate)
	return p, nil
}

// hasZone reports whether a zone exists.
func (p *project) hasZone(zone string) bool {
	_, ok := slices.BinarySearch(p.zones, zone)
	return ok
}

// ProjectInfo describes a project.
type ProjectInfo struct {
	ID      string
	Name    string
	Number  uint64
	Created time.Time
}

// Project returns the description of a project. Error: ErrNoProject.
func (c *Cloud) Project(id string) (ProjectInfo, error) {
	p, ok := c.projects[id]
	if !ok {
		return ProjectInfo{}, &cloudsim.ResourceError{Err: ErrNoProject, ID: id}
	}
	return ProjectInfo{
		ID: id, Name: p.plan.Name, Number: p.number,
		Created: p.created(),
	}, nil
}

// created returns the creation time of the project.
func (p *project) created() time.Time {
	return time.Date(2023, 1, 1, 9, 0, 0, 0, time.UTC).Add(time.Duration(p.entropy%(1000*24)) * time.Hour)
}

// ProjectRegions returns the regions of a project's plan, which have generated content.
func (c *Cloud) ProjectRegions(id string) []string {
	if p, ok := c.projects[id]; ok {
		return slices.Clone(p.plan.Regions)
	}
	return nil
}

// Zones returns the names of all zones, sorted. Every project has them all.
func Zones() []string {
	var zones []string
	for _, region := range Catalogue {
		zones = append(zones, region.ZoneNames()...)
	}
	slices.Sort(zones)
	return zones
}

// touch counts a change of a VM. The caller holds mu.
func (p *project) touch(m *VM) { p.cloud.world.CountVersion(&m.Labels, &m.Versions) }

// touchSQL counts a change of a Cloud SQL instance. The caller holds mu.
func (p *project) touchSQL(d *SQLInstance) { p.cloud.world.CountVersion(&d.Labels, &d.Versions) }
