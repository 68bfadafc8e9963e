package cloudsim

import (
	"cmp"
	"fmt"
	"time"
)

// SQLSpec describes a Cloud SQL instance to create. Empty fields are filled in from the seed.
type SQLSpec struct {
	Name   string
	Region string
	Tier   string
	Labels map[string]string
	// ReplicaOf is the name of the instance that it copies.
	ReplicaOf string
}

// CreateSQL creates a Cloud SQL instance. Errors: ErrNoProject, ErrNoRegion; ErrInvalid when the name is taken.
func (w *World) CreateSQL(projectID string, spec SQLSpec) (SQLInstance, error) {
	p, err := w.project(projectID)
	if err != nil {
		return SQLInstance{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	region, ok := googleRegion(cmp.Or(spec.Region, p.plan.Regions[0]))
	if !ok {
		return SQLInstance{}, &ResourceError{Err: ErrNoRegion, ID: spec.Region}
	}
	now := w.Now()
	name := cmp.Or(spec.Name, fmt.Sprintf("sql-%d", 1000+p.nextSQL))
	if _, _, taken := p.sql(name, now); taken {
		return SQLInstance{}, &ResourceError{Err: ErrInvalid, ID: name}
	}
	d := p.newSQL(name, region, now)
	d.Tier, d.State = cmp.Or(spec.Tier, d.Tier), SQLPendingCreate
	d.ReplicaOf = spec.ReplicaOf
	d.Zone = region.ZoneNames()[0]
	d.Labels = mergeTags(nil, spec.Labels, nil)
	p.addSQL(d)
	return p.sqlView(d, now), nil
}

// SetSQLActive sets the activation policy: false stops the instance, true starts it. The policy shows at once, and the
// instance takes no other change until Config.Transition has passed. Errors: ErrNotFound; ErrBusy while another change is
// being made; ErrWrongState unless it is RUNNABLE; ErrReplica when a replica is to be stopped, ErrHasReplicas when an
// instance that has one is.
func (w *World) SetSQLActive(projectID, name string, active bool, options ...How) (SQLInstance, error) {
	var view SQLInstance
	err := w.editSQL(projectID, name, func(p *project, d *SQLInstance, state SQLState, now time.Time) error {
		switch {
		case state != SQLRunnable:
			return &ResourceError{Err: ErrWrongState, ID: name, State: string(state)}
		case now.Before(d.busyUntil):
			return &ResourceError{Err: ErrBusy, ID: name}
		case !active && d.ReplicaOf != "":
			return &ResourceError{Err: ErrReplica, ID: name}
		case !active && len(p.sqlReplicas(d.Name, now)) > 0:
			return &ResourceError{Err: ErrHasReplicas, ID: name}
		}
		d.busyUntil = now.Add(w.cfg.Transition + how(options).Linger)
		if !how(options).Fails {
			d.Active = active
		}
		p.touchSQL(d)
		view = p.sqlView(d, now)
		return nil
	})
	return view, err
}

// SetSQLState puts an instance into a state that no action leads to, such as MAINTENANCE. The error is ErrNotFound.
func (w *World) SetSQLState(projectID, name string, state SQLState) error {
	return w.editSQL(projectID, name, func(p *project, d *SQLInstance, _ SQLState, now time.Time) error {
		d.State, d.Changed = state, now
		p.touchSQL(d)
		return nil
	})
}

// DeleteSQL deletes a Cloud SQL instance. Replicas of it stand alone from then on. The error is ErrNotFound.
func (w *World) DeleteSQL(projectID, name string) error {
	return w.editSQL(projectID, name, func(p *project, d *SQLInstance, _ SQLState, now time.Time) error {
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

// editSQL changes an instance that is there.
func (w *World) editSQL(projectID, name string, change func(*project, *SQLInstance, SQLState, time.Time) error) error {
	p, err := w.project(projectID)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := w.Now()
	d, state, ok := p.sql(name, now)
	if !ok {
		return &ResourceError{Err: ErrNotFound, ID: name}
	}
	return change(p, d, state, now)
}
