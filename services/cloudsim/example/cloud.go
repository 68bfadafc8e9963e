package example

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// The kinds of resources, as the paths of the API spell them.
const (
	Servers = "servers"
	Stores  = "stores"
)

// The states of resources.
const (
	Up       = "UP"
	Down     = "DOWN"
	Starting = "STARTING"
	Stopping = "STOPPING"
)

// Resource is a server or a store.
type Resource struct {
	ID      string            `json:"id"`
	Kind    string            `json:"kind"`
	Name    string            `json:"name"`
	Region  string            `json:"region"`
	Zone    string            `json:"zone,omitempty"` // of a server
	Size    string            `json:"size"`
	State   string            `json:"state"`
	Tags    map[string]string `json:"tags,omitempty"`
	Created time.Time         `json:"created"`
	// Job is the last one that started or stopped it.
	Job *Job `json:"job,omitempty"`
}

// Location returns the location of the listing that has the resource.
func (r *Resource) Location() string {
	if r.Kind == Servers {
		return r.Zone
	}
	return r.Region
}

// Job starts or stops a resource.
type Job struct {
	ID   string `json:"id"`
	Key  string `json:"key"`
	Verb string `json:"verb"`
	// Done is set when the job has ended, Error if it failed.
	Done  bool   `json:"done"`
	Error string `json:"error,omitempty"`

	end    time.Time
	fails  bool
	before string // the state to return to
}

// Region has zones.
type Region struct {
	Name  string   `json:"name"`
	Zones []string `json:"zones"`
}

// Config configures a cloud.
type Config struct {
	Account, Key string
	// PerScope is the number of resources in each zone, and in each region.
	PerScope int
	// Job is the time that a start or stop takes.
	Job time.Duration
	// Now is the time of the cloud.
	Now func() time.Time
}

// Cloud is one account of the cloud. Its methods may be called at the same time.
type Cloud struct {
	config  Config
	regions []Region

	mu        sync.Mutex
	resources map[string]*Resource
	made      int
	faults    map[string]string // by listing: servers in a-north; "" for the account
	calls     map[string]int    // of each listing, for faults that come and go
	strike    string
	requests  map[string]Requests
}

// Requests counts the requests to change a resource, and how many of them were accepted.
type Requests struct{ All, Accepted int }

// New returns a cloud with two regions.
func New(config Config) *Cloud {
	c := &Cloud{
		config:    config,
		regions:   []Region{{Name: "north", Zones: []string{"a-north", "b-north"}}, {Name: "south", Zones: []string{"a-south"}}},
		resources: map[string]*Resource{}, faults: map[string]string{}, calls: map[string]int{}, requests: map[string]Requests{},
	}
	for _, region := range c.regions {
		for range config.PerScope {
			c.Make(Stores, region.Name)
			for _, zone := range region.Zones {
				c.Make(Servers, zone)
			}
		}
	}
	return c
}

// Make makes a resource that is up, and returns its id.
func (c *Cloud) Make(kind, location string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made++
	r := &Resource{
		ID: fmt.Sprintf("%s-%06d", kind[:len(kind)-1], c.made), Kind: kind, Name: fmt.Sprintf("%s-%d", kind[:2], c.made),
		Region: location, Size: "small", State: Up, Tags: map[string]string{"team": "data"}, Created: c.config.Now(),
	}
	if kind == Servers {
		r.Zone, r.Region = location, location[2:] // a-north
	}
	c.resources[r.ID] = r
	return r.ID
}

// Delete deletes a resource.
func (c *Cloud) Delete(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.resources, id)
}

// All returns the resources, ordered by id.
func (c *Cloud) All() []Resource {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []Resource
	for _, r := range c.resources {
		all = append(all, c.view(r))
	}
	slices.SortFunc(all, func(a, b Resource) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return all
}

// Requests returns the count of requests to change a resource.
func (c *Cloud) Requests(id string) Requests {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests[id]
}

// Break makes the calls for one listing fail, or with an empty kind those for the account.
func (c *Cloud) Break(kind, location, fault string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults[listing(kind, location)] = fault
}

// Strike makes the next request to change something fail.
func (c *Cloud) Strike(strike string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.strike = strike
}

func listing(kind, location string) string {
	if kind == "" {
		return ""
	}
	return kind + " in " + location
}

// view returns a resource as it is now. The caller holds mu.
func (c *Cloud) view(r *Resource) Resource {
	if job := r.Job; job != nil && !job.Done && !c.config.Now().Before(job.end) {
		job.Done = true
		switch {
		case job.fails:
			job.Error, r.State = "the cloud could not do it", job.before
		case job.Verb == "start":
			r.State = Up
		default:
			r.State = Down
		}
	}
	seen := *r
	if r.Job != nil {
		job := *r.Job
		seen.Job = &job
	}
	return seen
}

// begin begins a job. It returns the error code of a refusal, or "". The caller holds mu.
func (c *Cloud) begin(id, verb, key string, fails bool) (job Job, state, code string) {
	r, ok := c.resources[id]
	if !ok {
		return Job{}, "", "not_found"
	}
	seen := c.view(r)
	if seen.Job != nil && seen.Job.Key == key {
		return *seen.Job, seen.State, ""
	}
	wanted, next := Down, Starting
	if verb == "stop" {
		wanted, next = Up, Stopping
	}
	if r.State != wanted {
		return Job{}, "", "wrong_state"
	}
	c.made++
	r.Job = &Job{
		ID: fmt.Sprintf("job-%06d", c.made), Key: key, Verb: verb, end: c.config.Now().Add(c.config.Job), fails: fails, before: r.State,
	}
	r.State = next
	count := c.requests[id]
	count.Accepted++
	c.requests[id] = count
	return *r.Job, r.State, ""
}
