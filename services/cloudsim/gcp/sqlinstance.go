package gcp

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// SQLState is the state of a Cloud SQL instance.
type SQLState string

// The states of a Cloud SQL instance. An instance that its owner stopped is RUNNABLE, with the
// activation policy NEVER. Source: Cloud SQL Admin API v1, instances, SqlInstanceState.
const (
	SQLRunnable      SQLState = "RUNNABLE"
	SQLSuspended     SQLState = "SUSPENDED"
	SQLPendingCreate SQLState = "PENDING_CREATE"
	SQLPendingDelete SQLState = "PENDING_DELETE"
	SQLMaintenance   SQLState = "MAINTENANCE"
	SQLFailed        SQLState = "FAILED"
)

// SQLStates lists all states.
var SQLStates = []SQLState{SQLRunnable, SQLSuspended, SQLPendingCreate, SQLPendingDelete, SQLMaintenance, SQLFailed}

// SQLInstance is a Cloud SQL instance. Values are snapshots; slices are shared and must not be
// modified.
type SQLInstance struct {
	Name      string // unique in its project at one time; can be reused a week after a deletion
	Region    string
	Zone      string
	Version   string // POSTGRES_16
	Installed string // POSTGRES_16_4
	Tier      string // db-custom-2-7680
	State     SQLState
	Changed   time.Time
	// Active is the activation policy: true is ALWAYS, false is NEVER.
	Active    bool
	Created   time.Time
	StorageGB int
	// Regional instances have a standby in SecondaryZone.
	Regional      bool
	SecondaryZone string
	PublicIP      netip.Addr     // invalid: none
	OutgoingIP    netip.Addr     // invalid: none
	PrivateIP     netip.Addr     // invalid: none
	ReplicaOf     string         // the name of the source, if this is a read replica
	Replicas      []string       // the names of its read replicas
	Labels        []cloudsim.Tag // sorted by key
	Versions      cloudsim.Versions
	Entropy       uint64

	busyUntil time.Time // the end of the running operation
}

// Label returns the value of a label, "" if there is none.
func (d *SQLInstance) Label(key string) string { return cloudsim.FindTag(d.Labels, key) }

// generateSQL adds the n-th instance of a region. One in six is a read replica.
func (p *project) generateSQL(region Region, n int, epoch time.Time) {
	service := cloudsim.Pick(p.rng, p.plan.Workloads)
	env := p.plan.Env
	if env == "" {
		env = cloudsim.PickEnv(p.rng)
	}
	d := p.newSQL(fmt.Sprintf("%s-%s-%s-%d", service.Name, env, region.Name, n+1), region, epoch)
	// Cloud SQL has no ids: the creation time is part of what identifies an instance. A restarted
	// world has the same.
	d.Created = p.created().Add(time.Duration(1+p.rng.Int64N(60*24*3600)) * time.Second).UTC().Truncate(time.Millisecond)
	d.Changed = d.Created
	d.Labels = service.Tags(env)
	if source := p.lastSQL(region.Name, epoch); n%6 == 5 && source != nil {
		d.Name = source.Name + "-replica"
		d.Version, d.Installed, d.Tier, d.StorageGB = source.Version, source.Installed, source.Tier, source.StorageGB
		d.ReplicaOf, d.Labels = source.Name, source.Labels
		source.Active = true
	} else {
		d.Regional = env == "prod"
		d.Active = d.Regional || p.rng.IntN(5) > 0
	}
	if d.Regional {
		d.SecondaryZone = region.ZoneNames()[(n+1)%len(region.Zones)]
	}
	d.Zone = region.ZoneNames()[n%len(region.Zones)]
	p.addSQL(d)
}

// lastSQL returns the newest instance of a region that is not a replica and has none.
func (p *project) lastSQL(region string, now time.Time) *SQLInstance {
	var last *SQLInstance
	for _, d := range p.databases {
		if d.Region == region && d.ReplicaOf == "" && len(p.sqlReplicas(d.Name, now)) == 0 && (last == nil || d.Entropy > last.Entropy) {
			last = d
		}
	}
	return last
}

// newSQL returns a runnable instance that is not part of the project yet.
func (p *project) newSQL(name string, region Region, now time.Time) *SQLInstance {
	p.nextSQL++
	entropy := cloudsim.Mix(p.entropy, cloudsim.Hash("sql", name)+p.nextSQL)
	e := cloudsim.Pick(p.rng, sqlEngines)
	d := &SQLInstance{
		Name: name, Region: region.Name, Version: e.version, Installed: e.installed, Tier: cloudsim.Pick(p.rng, SQLTiers),
		State: SQLRunnable, Active: true, Created: now.UTC().Truncate(time.Millisecond), Changed: now, StorageGB: 10 << p.rng.IntN(7),
		PrivateIP: netip.AddrFrom4([4]byte{10, 64, byte(p.nextSQL >> 8), byte(p.nextSQL)}), Entropy: entropy,
	}
	if entropy%3 == 0 {
		d.PublicIP, d.OutgoingIP = publicAddress(entropy), publicAddress(entropy+1)
	}
	return d
}

// addSQL adds an instance. The caller holds mu.
func (p *project) addSQL(d *SQLInstance) {
	p.touchSQL(d)
	i, taken := slices.BinarySearchFunc(p.databases, d.Name, func(d *SQLInstance, name string) int { return strings.Compare(d.Name, name) })
	if taken {
		p.databases[i] = d
		return
	}
	p.databases = slices.Insert(p.databases, i, d)
}

// sqlAt returns the state of an instance at a time, and false if it no longer exists.
func (p *project) sqlAt(d *SQLInstance, now time.Time) (SQLState, bool) {
	if now.Sub(d.Changed) < p.cloud.world.Transition() {
		return d.State, true
	}
	switch d.State {
	case SQLPendingCreate:
		return SQLRunnable, true
	case SQLPendingDelete:
		return d.State, false
	}
	return d.State, true
}

// sqlReplicas returns the names of the read replicas of an instance. The caller holds mu.
func (p *project) sqlReplicas(name string, now time.Time) []string {
	var names []string
	for _, d := range p.databases {
		if _, there := p.sqlAt(d, now); there && d.ReplicaOf == name {
			names = append(names, d.Name)
		}
	}
	return names
}

// sql returns the stored instance with a name and its present state, and false if it does not
// exist. The caller holds mu.
func (p *project) sql(name string, now time.Time) (*SQLInstance, SQLState, bool) {
	i, ok := slices.BinarySearchFunc(p.databases, name, func(d *SQLInstance, name string) int { return strings.Compare(d.Name, name) })
	if !ok {
		return nil, "", false
	}
	state, there := p.sqlAt(p.databases[i], now)
	return p.databases[i], state, there
}

// sqlView returns a snapshot of an instance. The caller holds mu.
func (p *project) sqlView(d *SQLInstance, now time.Time) SQLInstance {
	view := *d
	view.State, _ = p.sqlAt(d, now)
	view.Replicas = p.sqlReplicas(d.Name, now)
	return view
}

// SQLInstances returns the Cloud SQL instances of a project, sorted by name. Error: ErrNoProject.
func (c *Cloud) SQLInstances(projectID string) ([]SQLInstance, error) {
	p, err := c.project(projectID)
	if err != nil {
		return nil, err
	}
	now := c.world.Now()
	p.mu.RLock()
	defer p.mu.RUnlock()
	replicas := make(map[string][]string)
	for _, d := range p.databases {
		if _, there := p.sqlAt(d, now); there && d.ReplicaOf != "" {
			replicas[d.ReplicaOf] = append(replicas[d.ReplicaOf], d.Name)
		}
	}
	views := make([]SQLInstance, 0, len(p.databases))
	for _, d := range p.databases {
		if state, there := p.sqlAt(d, now); there {
			view := *d
			view.State, view.Replicas = state, replicas[d.Name]
			views = append(views, view)
		}
	}
	return views, nil
}

// SQLInstance returns one Cloud SQL instance. Errors: ErrNoProject, ErrNotFound.
func (c *Cloud) SQLInstance(projectID, name string) (SQLInstance, error) {
	var view SQLInstance
	err := c.editSQL(projectID, name, func(p *project, d *SQLInstance, _ SQLState, now time.Time) error {
		view = p.sqlView(d, now)
		return nil
	})
	return view, err
}
