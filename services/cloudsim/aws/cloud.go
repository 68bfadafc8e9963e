package aws

import (
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// Cloud is the state of the simulated AWS: accounts with regions, EC2 instances and RDS databases.
// All methods are safe for concurrent use.
type Cloud struct {
	world    *cloudsim.World
	cfg      Config
	accounts map[string]*account
	order    []string // account ids in the order of the configuration

	identities identities
	limits     limits
}

// account is one AWS account.
type account struct {
	plan AccountPlan

	mu      sync.Mutex
	regions map[string]*region
}

// In returns the AWS of a world. It panics if the world has none.
func In(w *cloudsim.World) *Cloud { return cloudsim.Find[*Cloud](w) }

// Build returns the cloud that the configuration describes. It implements cloudsim.CloudConfig.
func (c Config) Build(w *cloudsim.World) cloudsim.Cloud {
	c = c.complete()
	cloud := &Cloud{world: w, cfg: c, accounts: make(map[string]*account, len(c.Plan))}
	for _, plan := range c.Plan {
		cloud.accounts[plan.ID] = &account{plan: plan, regions: make(map[string]*region)}
		cloud.order = append(cloud.order, plan.ID)
	}
	cloud.identities.init(cloud)
	cloud.limits.init(c.Limits, w.Now)
	return cloud
}

// Size returns the number of accounts.
func (c *Cloud) Size() int { return len(c.order) }

// Step changes one resource in a region of an account. It implements cloudsim.Cloud.
func (c *Cloud) Step(rng *rand.Rand) cloudsim.Event {
	account := c.accounts[cloudsim.Pick(rng, c.order)]
	name := cloudsim.Pick(rng, account.plan.Regions)
	r, err := c.region(account.plan.ID, name)
	if err != nil {
		panic("cloudsim: " + err.Error()) // Check has verified every region of the plan
	}
	event := r.step(rng, c.world.Now())
	event.Account, event.Region = account.plan.ID, name
	return event
}

// ExternalID returns the external id that AssumeRole requires for roles without a description, ""
// if none is required.
func (c *Cloud) ExternalID() string { return c.cfg.ExternalID }

// Accounts returns the ids of all accounts, in the order of the configuration.
func (c *Cloud) Accounts() []string { return slices.Clone(c.order) }

// AccountName returns the name of an account in the plan, "" for unknown accounts.
func (c *Cloud) AccountName(id string) string {
	if a, ok := c.accounts[id]; ok {
		return a.plan.Name
	}
	return ""
}

// Regions returns the names of the regions enabled in an account, in the order of its plan.
func (c *Cloud) Regions(id string) []string {
	if a, ok := c.accounts[id]; ok {
		return slices.Clone(a.plan.Regions)
	}
	return nil
}

// region finds a region of an account. Regions of the catalogue that need no opt-in exist even if
// the plan does not list them: they are not reported as enabled, and start empty. Errors:
// ErrNoAccount, ErrNoRegion.
func (c *Cloud) region(accountID, name string) (*region, error) {
	a, ok := c.accounts[accountID]
	if !ok {
		return nil, &cloudsim.ResourceError{Err: ErrNoAccount, ID: accountID}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if r, ok := a.regions[name]; ok {
		return r, nil
	}
	planned := slices.Index(a.plan.Regions, name)
	info, known := lookupRegion(name)
	if planned < 0 && (!known || info.OptIn) {
		return nil, &cloudsim.ResourceError{Err: cloudsim.ErrNoRegion, ID: name}
	}
	r := newRegion(c, a.plan, name)
	if planned >= 0 {
		r.populate(c.cfg.Hostile && planned == 0)
	}
	a.regions[name] = r
	return r, nil
}

// CheckRegion returns nil if an account can use a region. Errors: ErrNoAccount, ErrNoRegion.
func (c *Cloud) CheckRegion(accountID, name string) error {
	a, ok := c.accounts[accountID]
	if !ok {
		return &cloudsim.ResourceError{Err: ErrNoAccount, ID: accountID}
	}
	if info, known := lookupRegion(name); known && (!info.OptIn || slices.Contains(a.plan.Regions, name)) {
		return nil
	}
	return &cloudsim.ResourceError{Err: cloudsim.ErrNoRegion, ID: name}
}
