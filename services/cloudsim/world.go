package cloudsim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// World is a simulated cloud. All methods may be called from any goroutine.
type World struct {
	cfg      Config
	accounts map[string]*account
	order    []string // account ids in the order of the plan

	projects     map[string]*project
	projectOrder []string // project ids in the order of the configuration
	google       googleIdentities

	identities identities
	faults     faults
	counters   counters
	mutations  mutations
	limiter    limiter

	churnMu sync.Mutex
	churn   *rand.Rand
}

// account is one customer of the cloud.
type account struct {
	plan AccountPlan

	mu      sync.Mutex
	regions map[string]*region
}

// New makes a world. It panics when cfg names a region that is not in the Catalogue or an account twice: such a
// configuration is a mistake in the program that wrote it. Check tells in advance.
func New(cfg Config) *World {
	if err := cfg.Check(); err != nil {
		panic("cloudsim: " + err.Error())
	}
	cfg = cfg.complete()
	w := &World{
		cfg:      cfg,
		accounts: make(map[string]*account, len(cfg.Plan)),
		churn:    rand.New(rand.NewPCG(cfg.Seed, hash("churn"))),
	}
	for _, plan := range cfg.Plan {
		w.accounts[plan.ID] = &account{plan: plan, regions: make(map[string]*region)}
		w.order = append(w.order, plan.ID)
	}
	w.projects = make(map[string]*project, len(cfg.Projects))
	for _, plan := range cfg.Projects {
		w.projects[plan.ID] = newProject(w, plan)
		w.projectOrder = append(w.projectOrder, plan.ID)
	}
	w.identities.init(w)
	w.google.init(w)
	w.faults.init(cfg.Seed)
	w.counters.init()
	w.limiter.init(cfg.Limits)
	return w
}

// Check tells what is wrong with a configuration, nil when New accepts it.
func (c Config) Check() error {
	seen := make(map[string]bool)
	for _, plan := range c.complete().Plan {
		if len(plan.ID) != 12 {
			return fmt.Errorf("account id %q: must have 12 digits", plan.ID)
		}
		if seen[plan.ID] {
			return fmt.Errorf("account %s is there twice", plan.ID)
		}
		seen[plan.ID] = true
		for _, name := range plan.Regions {
			if _, ok := lookupRegion(name); !ok {
				return fmt.Errorf("account %s: unknown region %q", plan.ID, name)
			}
		}
	}
	return checkProjects(c.Projects)
}

// Now returns the world's time.
func (w *World) Now() time.Time { return w.cfg.Now() }

// Latency returns how long every answer is held back.
func (w *World) Latency() time.Duration { return w.cfg.Latency }

// PageSize returns how many things a page of a list holds when a request asks for so many.
func (w *World) PageSize(asked int) int {
	if w.cfg.PageSize > 0 {
		return min(asked, w.cfg.PageSize)
	}
	return asked
}

// VerifySignatures tells whether requests must be signed with the right secret.
func (w *World) VerifySignatures() bool { return w.cfg.VerifySignatures }

// ExternalID returns what AssumeRole must present for roles that nobody described, "" when nothing is asked for.
func (w *World) ExternalID() string { return w.cfg.ExternalID }

// Accounts returns the ids of all accounts, in the order of the configuration.
func (w *World) Accounts() []string { return slices.Clone(w.order) }

// AccountName returns what the plan calls an account, "" for unknown ones.
func (w *World) AccountName(id string) string {
	if a, ok := w.accounts[id]; ok {
		return a.plan.Name
	}
	return ""
}

// Regions returns the names of the regions enabled in an account, in the order of its plan.
func (w *World) Regions(id string) []string {
	if a, ok := w.accounts[id]; ok {
		return slices.Clone(a.plan.Regions)
	}
	return nil
}

// region finds a region of an account. Regions of the catalogue that need no opt-in answer too when the plan leaves them
// out: they are not listed as enabled, and start empty. Errors: ErrNoAccount, ErrNoRegion.
func (w *World) region(accountID, name string) (*region, error) {
	a, ok := w.accounts[accountID]
	if !ok {
		return nil, &ResourceError{Err: ErrNoAccount, ID: accountID}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if r, ok := a.regions[name]; ok {
		return r, nil
	}
	planned := slices.Index(a.plan.Regions, name)
	info, known := lookupRegion(name)
	if planned < 0 && (!known || info.OptIn) {
		return nil, &ResourceError{Err: ErrNoRegion, ID: name}
	}
	r := newRegion(w, a.plan, name)
	if planned >= 0 {
		r.populate(w.cfg.Hostile && planned == 0)
	}
	a.regions[name] = r
	return r, nil
}

// CheckRegion tells whether an account can use a region. Errors: ErrNoAccount, ErrNoRegion.
func (w *World) CheckRegion(accountID, name string) error {
	a, ok := w.accounts[accountID]
	if !ok {
		return &ResourceError{Err: ErrNoAccount, ID: accountID}
	}
	if info, known := lookupRegion(name); known && (!info.OptIn || slices.Contains(a.plan.Regions, name)) {
		return nil
	}
	return &ResourceError{Err: ErrNoRegion, ID: name}
}
