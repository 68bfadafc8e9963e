package aws

import (
	"slices"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// DatabaseStatus is the status of a database or cluster, as RDS names it.
type DatabaseStatus string

// The statuses that a simulated database goes through. A failed change can set others.
const (
	DatabaseCreating  DatabaseStatus = "creating"
	DatabaseAvailable DatabaseStatus = "available"
	DatabaseStopping  DatabaseStatus = "stopping"
	DatabaseStopped   DatabaseStatus = "stopped"
	DatabaseStarting  DatabaseStatus = "starting"
	DatabaseModifying DatabaseStatus = "modifying"
	DatabaseDeleting  DatabaseStatus = "deleting"
)

// settled returns the status in which an intermediate status ends, and any other status itself.
// DatabaseDeleting ends with the removal of the database.
func (s DatabaseStatus) settled() DatabaseStatus {
	switch s {
	case DatabaseCreating, DatabaseStarting, DatabaseModifying:
		return DatabaseAvailable
	case DatabaseStopping:
		return DatabaseStopped
	default:
		return s
	}
}

// Database is an RDS database instance. Values are snapshots; the slices and Network are shared and
// must not be modified.
type Database struct {
	ID         string // the name chosen by the owner; can be reused after a deletion
	ResourceID string // db- and 26 letters and digits, never used again
	Region     string
	ARN        string
	Engine     string
	Version    string
	License    string
	Class      string // db.m6g.large
	Status     DatabaseStatus
	Changed    time.Time
	Created    time.Time
	StorageGiB int
	MultiAZ    bool
	Host       string // the endpoint; RDS reports none during creation
	Port       int
	Network    *Network
	Subnets    []*Network // of its subnet group
	// SecondaryZone is the zone of the standby, "" if there is none.
	SecondaryZone string
	ReplicaOf     string         // the ID of the source, if this is a read replica
	Replicas      []string       // the IDs of its read replicas
	Cluster       string         // the ID of its cluster, if it has one
	Writer        bool           // the member that accepts writes
	Tags          []cloudsim.Tag // sorted by key
	Versions      cloudsim.Versions
	// Restarts is when RDS will start the stopped database again; zero for other statuses.
	Restarts time.Time
	// Failure is the status in which the last start or stop ends because it fails; "" if it
	// succeeds.
	Failure DatabaseStatus
	Entropy uint64

	linger time.Duration // extra duration of the change in progress
}

// Tag returns the value of a tag, "" if there is none.
func (d *Database) Tag(key string) string { return cloudsim.FindTag(d.Tags, key) }

// Cluster is an Aurora cluster. Its members are also databases of their own.
type Cluster struct {
	ID         string
	ResourceID string
	Region     string
	ARN        string
	Engine     string
	Version    string
	Status     DatabaseStatus
	Changed    time.Time
	Created    time.Time
	Host       string
	ReaderHost string
	Port       int
	Subnets    []*Network
	Members    []Member
	Tags       []cloudsim.Tag
	// Restarts and Failure are like those of Database.
	Restarts time.Time
	Failure  DatabaseStatus
	Entropy  uint64
}

// Member is a database in a cluster.
type Member struct {
	ID     string
	Writer bool
}

// status returns the status of a database or cluster at a time, and false if it no longer exists.
// s, failure and changed are the stored values. RDS starts what has been stopped for
// Config.RestartAfter.
func (r *region) status(s, failure DatabaseStatus, changed, now time.Time) (DatabaseStatus, bool) {
	transition := r.cloud.world.Transition()
	if s != DatabaseStopped && now.Before(changed.Add(transition)) {
		return s, true
	}
	settled := s.settled()
	if failure != "" && settled != s {
		return failure, true
	}
	if restarts := r.restarts(s, changed); !restarts.IsZero() && !now.Before(restarts) {
		if now.Before(restarts.Add(transition)) {
			return DatabaseStarting, true
		}
		return DatabaseAvailable, true
	}
	return settled, s != DatabaseDeleting
}

// restarts returns when RDS will start a database or cluster with this status, and zero for
// statuses other than stopping and stopped.
func (r *region) restarts(s DatabaseStatus, changed time.Time) time.Time {
	switch s {
	case DatabaseStopping:
		changed = changed.Add(r.cloud.world.Transition())
	case DatabaseStopped:
	default:
		return time.Time{}
	}
	return changed.Add(r.cloud.cfg.RestartAfter)
}

// at returns the database at a time, and false if it no longer exists. The caller holds mu.
func (d *Database) at(r *region, now time.Time) (Database, bool) {
	view := *d
	var there bool
	view.Status, there = r.status(d.Status, d.Failure, d.Changed, now)
	if view.Status == DatabaseStopped {
		view.Restarts = r.restarts(d.Status, d.Changed)
	}
	return view, there
}

// at returns the cluster at a time, and false if it no longer exists. The caller holds mu.
func (c *Cluster) at(r *region, now time.Time) (Cluster, bool) {
	view := *c
	var there bool
	view.Status, there = r.status(c.Status, c.Failure, c.Changed, now)
	if view.Status == DatabaseStopped {
		view.Restarts = r.restarts(c.Status, c.Changed)
	}
	return view, there
}

// Databases returns the databases of a region sorted by ID. Errors: ErrNoAccount, ErrNoRegion.
func (c *Cloud) Databases(accountID, regionName string) ([]Database, error) {
	r, err := c.region(accountID, regionName)
	if err != nil {
		return nil, err
	}
	now := c.world.Now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	views := make([]Database, 0, len(r.databases))
	for _, d := range r.databases {
		if view, there := d.at(r, now); there {
			view.Replicas = r.replicas(d.ID, now)
			views = append(views, view)
		}
	}
	return views, nil
}

// replicas returns the IDs of the read replicas of a database. The caller holds mu.
func (r *region) replicas(id string, now time.Time) []string {
	var ids []string
	for _, d := range r.databases {
		if d.ReplicaOf == id {
			if _, there := d.at(r, now); there {
				ids = append(ids, d.ID)
			}
		}
	}
	return ids
}

// Clusters returns the clusters of a region sorted by ID. Errors: ErrNoAccount, ErrNoRegion.
func (c *Cloud) Clusters(accountID, regionName string) ([]Cluster, error) {
	r, err := c.region(accountID, regionName)
	if err != nil {
		return nil, err
	}
	now := c.world.Now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	views := make([]Cluster, 0, len(r.clusters))
	for _, c := range r.clusters {
		if view, there := c.at(r, now); there {
			view.Members = r.members(c.ID, now)
			views = append(views, view)
		}
	}
	return views, nil
}

// members returns the databases in a cluster. The caller holds mu.
func (r *region) members(id string, now time.Time) []Member {
	var members []Member
	for _, d := range r.databases {
		if d.Cluster == id {
			if _, there := d.at(r, now); there {
				members = append(members, Member{d.ID, d.Writer})
			}
		}
	}
	return members
}

// database returns the stored database with an ID and its present status, and false if it does not
// exist. The caller holds mu.
func (r *region) database(id string, now time.Time) (*Database, DatabaseStatus, bool) {
	i, ok := slices.BinarySearchFunc(r.databases, strings.ToLower(id), func(d *Database, id string) int { return strings.Compare(d.ID, id) })
	if !ok {
		return nil, "", false
	}
	view, there := r.databases[i].at(r, now)
	return r.databases[i], view.Status, there
}

// cluster returns the stored cluster with an ID and its present status, and false if it does not
// exist. The caller holds mu.
func (r *region) cluster(id string, now time.Time) (*Cluster, DatabaseStatus, bool) {
	i, ok := slices.BinarySearchFunc(r.clusters, strings.ToLower(id), func(c *Cluster, id string) int { return strings.Compare(c.ID, id) })
	if !ok {
		return nil, "", false
	}
	view, there := r.clusters[i].at(r, now)
	return r.clusters[i], view.Status, there
}

// addDatabase adds a database. It replaces a deleted one with the same ID. The caller holds mu, or
// has the only reference to r.
func (r *region) addDatabase(d *Database) {
	r.touchDatabase(d)
	i, taken := slices.BinarySearchFunc(r.databases, d.ID, func(d *Database, id string) int { return strings.Compare(d.ID, id) })
	if taken {
		r.databases[i] = d
		return
	}
	r.databases = slices.Insert(r.databases, i, d)
}

// addCluster adds a cluster. The caller holds mu, or has the only reference to r.
func (r *region) addCluster(c *Cluster) {
	i, _ := slices.BinarySearchFunc(r.clusters, c.ID, func(c *Cluster, id string) int { return strings.Compare(c.ID, id) })
	r.clusters = slices.Insert(r.clusters, i, c)
}
