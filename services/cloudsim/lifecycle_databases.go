package cloudsim

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// DatabaseSpec describes a database to create. Empty fields are filled in from the seed.
type DatabaseSpec struct {
	ID     string
	Engine string // postgres, mysql, mariadb
	Class  string
	Tags   map[string]string
}

// LaunchDatabase creates a database that stands alone. Errors: ErrNoAccount, ErrNoRegion; ErrInvalid when the ID is taken.
func (w *World) LaunchDatabase(accountID, regionName string, spec DatabaseSpec) (Database, error) {
	r, err := w.region(accountID, regionName)
	if err != nil {
		return Database{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.launchDatabase(spec, w.Now())
}

// launchDatabase is LaunchDatabase for callers that hold mu.
func (r *region) launchDatabase(spec DatabaseSpec, now time.Time) (Database, error) {
	id := cmp.Or(spec.ID, fmt.Sprintf("%s-db-%d", pick(r.rng, r.plan.Services).Name, 1000+r.nextDatabase))
	if _, _, taken := r.database(id, now); taken {
		return Database{}, &ResourceError{Err: ErrInvalid, ID: id}
	}
	e := pick(r.rng, engines)
	if i := slices.IndexFunc(engines, func(e engine) bool { return e.name == spec.Engine }); i >= 0 {
		e = engines[i]
	}
	d := r.newDatabase(id, e, now)
	d.Class = cmp.Or(spec.Class, d.Class)
	d.Created = now.UTC().Truncate(time.Millisecond)
	d.Status, d.Changed = DatabaseCreating, now
	d.Tags = mergeTags(nil, spec.Tags, nil)
	r.addDatabase(d)
	view := *d
	view.Status, _ = r.status(d.Status, d.Changed, now)
	return view, nil
}

// StartDatabase starts a stopped database. Errors: ErrNotFound; ErrWrongState unless it is stopped; ErrInvalid for a
// member of a cluster, which starts and stops as a whole.
func (w *World) StartDatabase(accountID, regionName, id string) (Database, error) {
	return w.changeDatabase(accountID, regionName, id, DatabaseStopped, func(_ *region, d *Database) error {
		if d.Cluster != "" {
			return &ResourceError{Err: ErrInvalid, ID: id}
		}
		d.Status = DatabaseStarting
		return nil
	})
}

// StopDatabase stops an available database. Errors: those of StartDatabase, and ErrInvalid when it has or is a replica.
func (w *World) StopDatabase(accountID, regionName, id string) (Database, error) {
	return w.changeDatabase(accountID, regionName, id, DatabaseAvailable, func(r *region, d *Database) error {
		if d.Cluster != "" || d.ReplicaOf != "" || len(r.replicas(d.ID, w.Now())) > 0 {
			return &ResourceError{Err: ErrInvalid, ID: id}
		}
		d.Status = DatabaseStopping
		return nil
	})
}

// ResizeDatabase changes the class of an available database. Errors: ErrNotFound, ErrWrongState.
func (w *World) ResizeDatabase(accountID, regionName, id, class string) (Database, error) {
	return w.changeDatabase(accountID, regionName, id, DatabaseAvailable, func(_ *region, d *Database) error {
		d.Class, d.Status = class, DatabaseModifying
		return nil
	})
}

// changeDatabase changes a database that is in a status.
func (w *World) changeDatabase(accountID, regionName, id string, from DatabaseStatus, change func(*region, *Database) error) (Database, error) {
	r, err := w.region(accountID, regionName)
	if err != nil {
		return Database{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := w.Now()
	d, status, ok := r.database(id, now)
	switch {
	case !ok:
		return Database{}, &ResourceError{Err: ErrNotFound, ID: id}
	case status != from:
		return Database{}, &ResourceError{Err: ErrWrongState, ID: id, State: string(status)}
	}
	if err := change(r, d); err != nil {
		return Database{}, err
	}
	d.Changed = now
	r.touchDatabase(d)
	view := *d
	view.Status, _ = r.status(d.Status, d.Changed, now)
	view.Replicas = r.replicas(d.ID, now)
	return view, nil
}

// DeleteDatabase deletes a database, in whatever status it is. Replicas of it stand alone from then on. The errors are
// ErrNotFound, and ErrWrongState when it is being deleted already.
func (w *World) DeleteDatabase(accountID, regionName, id string) (Database, error) {
	r, err := w.region(accountID, regionName)
	if err != nil {
		return Database{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := w.Now()
	d, status, ok := r.database(id, now)
	switch {
	case !ok:
		return Database{}, &ResourceError{Err: ErrNotFound, ID: id}
	case status == DatabaseDeleting:
		return Database{}, &ResourceError{Err: ErrWrongState, ID: id, State: string(status)}
	}
	for _, replica := range r.databases {
		if replica.ReplicaOf == d.ID {
			replica.ReplicaOf = ""
			r.touchDatabase(replica)
		}
	}
	d.Status, d.Changed = DatabaseDeleting, now
	r.touchDatabase(d)
	return *d, nil
}

// RetagDatabase sets and removes tags of the database or cluster with an ARN. The error is ErrNotFound.
func (w *World) RetagDatabase(accountID, regionName, arn string, set map[string]string, drop ...string) error {
	r, err := w.region(accountID, regionName)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := w.Now()
	for _, d := range r.databases {
		if _, there := r.status(d.Status, d.Changed, now); there && d.ARN == arn {
			d.Tags = mergeTags(d.Tags, set, drop)
			r.touchDatabase(d)
			return nil
		}
	}
	for _, c := range r.clusters {
		if _, there := r.status(c.Status, c.Changed, now); there && c.ARN == arn {
			c.Tags = mergeTags(c.Tags, set, drop)
			return nil
		}
	}
	return &ResourceError{Err: ErrNotFound, ID: arn}
}

// StartCluster starts a stopped cluster and its members. Errors: ErrNotFound; ErrWrongState unless it is stopped.
func (w *World) StartCluster(accountID, regionName, id string) (Cluster, error) {
	return w.moveCluster(accountID, regionName, id, DatabaseStopped, DatabaseStarting)
}

// StopCluster stops an available cluster and its members. Errors: ErrNotFound; ErrWrongState unless it is available.
func (w *World) StopCluster(accountID, regionName, id string) (Cluster, error) {
	return w.moveCluster(accountID, regionName, id, DatabaseAvailable, DatabaseStopping)
}

// moveCluster takes a cluster and its members from one status to another.
func (w *World) moveCluster(accountID, regionName, id string, from, to DatabaseStatus) (Cluster, error) {
	r, err := w.region(accountID, regionName)
	if err != nil {
		return Cluster{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := w.Now()
	c, status, ok := r.cluster(id, now)
	switch {
	case !ok:
		return Cluster{}, &ResourceError{Err: ErrNotFound, ID: id}
	case status != from:
		return Cluster{}, &ResourceError{Err: ErrWrongState, ID: id, State: string(status)}
	}
	c.Status, c.Changed = to, now
	for _, d := range r.databases {
		if _, there := r.status(d.Status, d.Changed, now); there && d.Cluster == c.ID {
			d.Status, d.Changed = to, now
			r.touchDatabase(d)
		}
	}
	view := *c
	view.Status, _ = r.status(c.Status, c.Changed, now)
	view.Members = r.members(c.ID, now)
	return view, nil
}
