package aws

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// DatabaseSpec describes a database to create. The seed determines the empty fields.
type DatabaseSpec struct {
	ID     string
	Engine string // postgres, mysql, mariadb, sqlserver-se
	Class  string
	Tags   map[string]string
	// MultiAZ adds a standby in another zone. ReplicaOf is the ID of the source of a read replica.
	MultiAZ   bool
	ReplicaOf string
}

// LaunchDatabase creates a database outside any cluster. Errors: ErrNoAccount, ErrNoRegion;
// ErrInvalid if the ID is taken.
func (c *Cloud) LaunchDatabase(accountID, regionName string, spec DatabaseSpec) (Database, error) {
	r, err := c.region(accountID, regionName)
	if err != nil {
		return Database{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.launchDatabase(spec, c.world.Now())
}

// launchDatabase implements LaunchDatabase. The caller holds mu.
func (r *region) launchDatabase(spec DatabaseSpec, now time.Time) (Database, error) {
	id := cmp.Or(spec.ID, fmt.Sprintf("%s-db-%d", cloudsim.Pick(r.rng, r.plan.Workloads).Name, 1000+r.nextDatabase))
	if _, _, taken := r.database(id, now); taken {
		return Database{}, &cloudsim.ResourceError{Err: cloudsim.ErrInvalid, ID: id}
	}
	e := cloudsim.Pick(r.rng, engines)
	if i := slices.IndexFunc(engines, func(e engine) bool { return e.name == spec.Engine }); i >= 0 {
		e = engines[i]
	}
	if spec.Engine == sqlServer.name {
		e = sqlServer
	}
	d := r.newDatabase(id, e, now)
	d.ReplicaOf = spec.ReplicaOf
	if d.MultiAZ = spec.MultiAZ; d.MultiAZ {
		d.SecondaryZone = r.networks[(int(r.nextDatabase)+1)%len(r.networks)].Zone
		d.Network = r.networks[int(r.nextDatabase)%len(r.networks)]
	}
	d.Class = cmp.Or(spec.Class, d.Class)
	d.Created = now.UTC().Truncate(time.Millisecond)
	d.Status, d.Changed = DatabaseCreating, now
	d.Tags = cloudsim.MergeTags(nil, spec.Tags, nil)
	r.addDatabase(d)
	view, _ := d.at(r, now)
	return view, nil
}

// sqlServer is an engine that only LaunchDatabase uses.
var sqlServer = engine{name: "sqlserver-se", version: "16.00.4165.4.v1", port: 1433, license: "license-included"}

// StartDatabase starts a stopped database. Errors: ErrNotFound; ErrWrongState unless it is stopped;
// ErrMember for a member of a cluster, because a cluster starts and stops as a whole.
func (c *Cloud) StartDatabase(accountID, regionName, id string, options ...cloudsim.Outcome) (Database, error) {
	return c.changeDatabase(accountID, regionName, id, DatabaseStopped, func(_ *region, d *Database) error {
		if d.Cluster != "" {
			return &cloudsim.ResourceError{Err: ErrMember, ID: id, State: d.Engine}
		}
		d.begin(DatabaseStarting, cloudsim.OutcomeOf(options))
		return nil
	})
}

// StopDatabase stops an available database. Errors: those of StartDatabase, and ErrReplica,
// ErrHasReplicas and ErrMirrored.
func (c *Cloud) StopDatabase(accountID, regionName, id string, options ...cloudsim.Outcome) (Database, error) {
	return c.changeDatabase(accountID, regionName, id, DatabaseAvailable, func(r *region, d *Database) error {
		switch {
		case d.Cluster != "":
			return &cloudsim.ResourceError{Err: ErrMember, ID: id, State: d.Engine}
		case d.ReplicaOf != "":
			return &cloudsim.ResourceError{Err: cloudsim.ErrReplica, ID: id}
		case len(r.replicas(d.ID, c.world.Now())) > 0:
			return &cloudsim.ResourceError{Err: cloudsim.ErrHasReplicas, ID: id}
		case d.MultiAZ && strings.HasPrefix(d.Engine, "sqlserver"):
			return &cloudsim.ResourceError{Err: ErrMirrored, ID: id}
		}
		d.begin(DatabaseStopping, cloudsim.OutcomeOf(options))
		return nil
	})
}

// begin moves a database into an intermediate status. The caller sets Changed.
func (d *Database) begin(to DatabaseStatus, outcome cloudsim.Outcome) {
	d.Status, d.linger = to, outcome.Linger
	if outcome.Fails {
		d.Failure = failedStatus(to, outcome)
	}
}

// failedStatus returns the status in which a failed change ends: the code of the outcome if it has
// one, else the status before the change.
func failedStatus(to DatabaseStatus, outcome cloudsim.Outcome) DatabaseStatus {
	switch {
	case outcome.Code != "":
		return DatabaseStatus(outcome.Code)
	case to == DatabaseStarting:
		return DatabaseStopped
	default:
		return DatabaseAvailable
	}
}

// ResizeDatabase changes the class of an available database. Errors: ErrNotFound, ErrWrongState.
func (c *Cloud) ResizeDatabase(accountID, regionName, id, class string) (Database, error) {
	return c.changeDatabase(accountID, regionName, id, DatabaseAvailable, func(_ *region, d *Database) error {
		d.Class, d.Status = class, DatabaseModifying
		return nil
	})
}

// changeDatabase calls change for a database with the status from. Errors: ErrNotFound,
// ErrWrongState, and those of change.
func (c *Cloud) changeDatabase(accountID, regionName, id string, from DatabaseStatus, change func(*region, *Database) error) (Database, error) {
	r, err := c.region(accountID, regionName)
	if err != nil {
		return Database{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := c.world.Now()
	d, status, ok := r.database(id, now)
	switch {
	case !ok:
		return Database{}, &cloudsim.ResourceError{Err: cloudsim.ErrNotFound, ID: id}
	case status != from:
		return Database{}, &cloudsim.ResourceError{Err: cloudsim.ErrWrongState, ID: id, State: string(status)}
	}
	failure := d.Failure
	d.Failure = ""
	if err := change(r, d); err != nil {
		d.Failure = failure
		return Database{}, err
	}
	d.Changed, d.linger = now.Add(d.linger), 0
	r.touchDatabase(d)
	view, _ := d.at(r, now)
	view.Replicas = r.replicas(d.ID, now)
	return view, nil
}

// DeleteDatabase deletes a database in any status. Its read replicas become independent databases.
// Errors: ErrNotFound; ErrWrongState if it is already being deleted.
func (c *Cloud) DeleteDatabase(accountID, regionName, id string) (Database, error) {
	r, err := c.region(accountID, regionName)
	if err != nil {
		return Database{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := c.world.Now()
	d, status, ok := r.database(id, now)
	switch {
	case !ok:
		return Database{}, &cloudsim.ResourceError{Err: cloudsim.ErrNotFound, ID: id}
	case status == DatabaseDeleting:
		return Database{}, &cloudsim.ResourceError{Err: cloudsim.ErrWrongState, ID: id, State: string(status)}
	}
	for _, replica := range r.databases {
		if replica.ReplicaOf == d.ID {
			replica.ReplicaOf = ""
			r.touchDatabase(replica)
		}
	}
	d.Status, d.Changed, d.Failure = DatabaseDeleting, now, ""
	r.touchDatabase(d)
	return *d, nil
}

// RetagDatabase sets and removes tags of the database or cluster with an ARN. Error: ErrNotFound.
func (c *Cloud) RetagDatabase(accountID, regionName, arn string, set map[string]string, drop ...string) error {
	r, err := c.region(accountID, regionName)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := c.world.Now()
	for _, d := range r.databases {
		if _, there := d.at(r, now); there && d.ARN == arn {
			d.Tags = cloudsim.MergeTags(d.Tags, set, drop)
			r.touchDatabase(d)
			return nil
		}
	}
	for _, c := range r.clusters {
		if _, there := c.at(r, now); there && c.ARN == arn {
			c.Tags = cloudsim.MergeTags(c.Tags, set, drop)
			return nil
		}
	}
	return &cloudsim.ResourceError{Err: cloudsim.ErrNotFound, ID: arn}
}

// StartCluster starts a stopped cluster and its members. Errors: ErrNotFound; ErrWrongState unless
// it is stopped.
func (c *Cloud) StartCluster(accountID, regionName, id string, options ...cloudsim.Outcome) (Cluster, error) {
	return c.moveCluster(accountID, regionName, id, DatabaseStopped, DatabaseStarting, cloudsim.OutcomeOf(options))
}

// StopCluster stops an available cluster and its members. Errors: ErrNotFound; ErrWrongState unless
// it is available.
func (c *Cloud) StopCluster(accountID, regionName, id string, options ...cloudsim.Outcome) (Cluster, error) {
	return c.moveCluster(accountID, regionName, id, DatabaseAvailable, DatabaseStopping, cloudsim.OutcomeOf(options))
}

// moveCluster moves a cluster and its members from one status to another.
func (c *Cloud) moveCluster(accountID, regionName, id string, from, to DatabaseStatus, outcome cloudsim.Outcome) (Cluster, error) {
	r, err := c.region(accountID, regionName)
	if err != nil {
		return Cluster{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := c.world.Now()
	cluster, status, ok := r.cluster(id, now)
	switch {
	case !ok:
		return Cluster{}, &cloudsim.ResourceError{Err: cloudsim.ErrNotFound, ID: id}
	case status != from:
		return Cluster{}, &cloudsim.ResourceError{Err: cloudsim.ErrWrongState, ID: id, State: string(status)}
	}
	var failure DatabaseStatus
	if outcome.Fails {
		failure = failedStatus(to, outcome)
	}
	cluster.Status, cluster.Changed, cluster.Failure = to, now.Add(outcome.Linger), failure
	for _, d := range r.databases {
		if _, there := d.at(r, now); there && d.Cluster == cluster.ID {
			d.Status, d.Changed, d.Failure = to, cluster.Changed, failure
			r.touchDatabase(d)
		}
	}
	view, _ := cluster.at(r, now)
	view.Members = r.members(cluster.ID, now)
	return view, nil
}

// LaunchCluster creates an available Aurora cluster with a number of members; the first is the
// writer. Errors: ErrNoAccount, ErrNoRegion; ErrInvalid if the ID is taken.
func (c *Cloud) LaunchCluster(accountID, regionName, id string, members int) (Cluster, error) {
	r, err := c.region(accountID, regionName)
	if err != nil {
		return Cluster{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := c.world.Now()
	if _, _, taken := r.cluster(id, now); taken {
		return Cluster{}, &cloudsim.ResourceError{Err: cloudsim.ErrInvalid, ID: id}
	}
	service, env := r.databaseOwner()
	cluster := r.newCluster(id, cloudsim.Pick(r.rng, auroraEngines), service.Tags(env), now)
	r.addMembers(cluster, members, now)
	view, _ := cluster.at(r, now)
	view.Members = r.members(cluster.ID, now)
	return view, nil
}
