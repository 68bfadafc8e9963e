package gcp

import (
	"cmp"
	"fmt"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// SQLSpec describes a Cloud SQL instance to create. The seed determines the empty fields.
type SQLSpec struct {
	Name   string
	Region string
	Tier   string
	Labels map[string]string
	// ReplicaOf is the name of the source of a read replica.
	ReplicaOf string
}

// CreateSQL creates a Cloud SQL instance. Errors: ErrNoProject, ErrNoRegion; ErrInvalid if the name
// is taken.
func (c *Cloud) CreateSQL(projectID string, spec SQLSpec) (SQLInstance, error) {
	p, err := c.project(projectID)
	if err != nil {
		return SQLInstance{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	region, ok := lookupRegion(cmp.Or(spec.Region, p.plan.Regions[0]))
	if !ok {
		return SQLInstance{}, &cloudsim.ResourceError{Err: cloudsim.ErrNoRegion, ID: spec.Region}
	}
	now := c.world.Now()
	name := cmp.Or(spec.Name, fmt.Sprintf("sql-%d", 1000+p.nextSQL))
	if _, _, taken := p.sql(name, now); taken {
		return SQLInstance{}, &cloudsim.ResourceError{Err: cloudsim.ErrInvalid, ID: name}
	}
	d := p.newSQL(name, region, now)
	d.Tier, d.State = cmp.Or(spec.Tier, d.Tier), SQLPendingCreate
	d.ReplicaOf = spec.ReplicaOf
	d.Zone = region.ZoneNames()[0]
	d.Labels = cloudsim.MergeTags(nil, spec.Labels, nil)
	p.addSQL(d)
	return p.sqlView(d, now), nil
}

// SetSQLActive sets the activation policy: false stops the instance, true starts it. The policy is
// visible at once; the instance accepts no other change until Config.Transition has passed. Errors:
// ErrNotFound; ErrBusy during another change; ErrWrongState unless it is RUNNABLE; ErrReplica for
// the stop of a replica, ErrHasReplicas for the stop of its source.
func (c *Cloud) SetSQLActive(projectID, name string, active bool, options ...cloudsim.Outcome) (SQLInstance, error) {
	var view SQLInstance
	err := c.editSQL(projectID, name, func(p *project, d *SQLInstance, state SQLState, now time.Time) error {
		switch {
		case state != SQLRunnable:
			return &cloudsim.ResourceError{Err: cloudsim.ErrWrongState, ID: name, State: string(state)}
		case now.Before(d.busyUntil):
			return &cloudsim.ResourceError{Err: cloudsim.ErrBusy, ID: name}
		case !active && d.ReplicaOf != "":
			return &cloudsim.ResourceError{Err: cloudsim.ErrReplica, ID: name}
		case !active && len(p.sqlReplicas(d.Name, now)) > 0:
			return &cloudsim.ResourceError{Err: cloudsim.ErrHasReplicas, ID: name}
		}
		d.busyUntil = now.Add(c.world.Transition() + cloudsim.OutcomeOf(options).Linger)
		if !cloudsim.OutcomeOf(options).Fails {
			d.Active = active
		}
		p.touchSQL(d)
		view = p.sqlView(d, now)
		return nil
	})
	return view, err
}

// SetSQLState sets a state that no action leads to, such as MAINTENANCE. Error: ErrNotFound.
func (c *Cloud) SetSQLState(projectID, name string, state SQLState) error {
	return c.editSQL(projectID, name, func(p *project, d *SQLInstance, _ SQLState, now time.Time) error {
		d.State, d.Changed = state, now
		p.touchSQL(d)
		return nil
	})
}

// DeleteSQL deletes a Cloud SQL instance. Its read replicas become independent instances. Error:
// ErrNotFound.
func (c *Cloud) DeleteSQL(projectID, name string) error {
	return c.editSQL(projectID, name, func(p *project, d *SQLInstance, _ SQLState, now time.Time) error {
		for _, replica := range p.databases {
			if replica.ReplicaOf == name {
				replica.ReplicaOf = ""
				p.touchSQL(replica)
			}
		}
		d.State, d.Changed = SQLPendingDelete, now
		p.touchSQL(d)
		return nil
	})
}

// editSQL calls change for an instance. Errors: ErrNoProject, ErrNotFound, and those of change.
func (c *Cloud) editSQL(projectID, name string, change func(*project, *SQLInstance, SQLState, time.Time) error) error {
	p, err := c.project(projectID)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := c.world.Now()
	d, state, ok := p.sql(name, now)
	if !ok {
		return &cloudsim.ResourceError{Err: cloudsim.ErrNotFound, ID: name}
	}
	return change(p, d, state, now)
}
