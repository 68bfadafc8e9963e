package aws

import (
	"slices"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// Transition is the state change of one instance.
type Transition struct {
	ID       string
	Previous State
	Current  State
}

// Launch creates instances, which are pending at first. Errors: ErrNoAccount, ErrNoRegion;
// ErrNotFound for the subnet.
func (c *Cloud) Launch(accountID, regionName string, spec InstanceSpec) ([]Instance, error) {
	r, err := c.region(accountID, regionName)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if spec.Subnet != "" && r.network(spec.Subnet).Subnet != spec.Subnet {
		return nil, &cloudsim.ResourceError{Err: cloudsim.ErrNotFound, ID: spec.Subnet}
	}
	now := c.world.Now()
	views := make([]Instance, 0, max(spec.Count, 1))
	for _, m := range r.launch(spec, now) {
		view := *m
		view.State, _ = r.at(m, now)
		views = append(views, view)
	}
	return views, nil
}

// Start starts stopped instances. Running and pending ones stay as they are. If it fails, no
// instance is changed. Errors: ErrNotFound; ErrWrongState for instances that are stopping or
// terminated.
func (c *Cloud) Start(accountID, regionName string, ids ...string) ([]Transition, error) {
	return c.Move(accountID, regionName, Pending, cloudsim.Outcome{}, ids...)
}

// Stop stops running instances. Stopped and stopping ones stay as they are. If it fails, no
// instance is changed. Errors: ErrNotFound; ErrWrongState for terminated instances;
// ErrInstanceStore, ErrOneTimeSpot and ErrStopProtected.
func (c *Cloud) Stop(accountID, regionName string, ids ...string) ([]Transition, error) {
	return c.Move(accountID, regionName, Stopping, cloudsim.Outcome{}, ids...)
}

// Terminate terminates instances in any state. If it fails, no instance is changed. Error:
// ErrNotFound.
func (c *Cloud) Terminate(accountID, regionName string, ids ...string) ([]Transition, error) {
	return c.Move(accountID, regionName, ShuttingDown, cloudsim.Outcome{}, ids...)
}

// cameFrom lists the states that a change begins in, by its first state. keepsIn lists the states
// in which an instance stays, because the change is under way or complete.
var (
	cameFrom = map[State][]State{
		Pending: {Stopped}, Stopping: {Running, Pending}, ShuttingDown: {Pending, Running, Stopping, Stopped},
	}
	keepsIn = map[State][]State{Pending: {Pending, Running}, Stopping: {Stopping, Stopped}, ShuttingDown: {ShuttingDown, Terminated}}
)

// Move implements Start (to Pending), Stop (to Stopping) and Terminate (to ShuttingDown), with an
// outcome.
func (c *Cloud) Move(accountID, regionName string, to State, outcome cloudsim.Outcome, ids ...string) ([]Transition, error) {
	r, err := c.region(accountID, regionName)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := c.world.Now()
	moves := make([]Transition, 0, len(ids))
	for _, id := range ids {
		m, state, ok := r.visible(id, now)
		switch {
		case !ok:
			return nil, &cloudsim.ResourceError{Err: cloudsim.ErrNotFound, ID: id}
		case slices.Contains(cameFrom[to], state):
			if err := m.stoppable(); err != nil && to == Stopping {
				return nil, &cloudsim.ResourceError{Err: err, ID: id}
			}
			moves = append(moves, Transition{id, state, to})
		case slices.Contains(keepsIn[to], state):
			moves = append(moves, Transition{id, state, state})
		default:
			return nil, &cloudsim.ResourceError{Err: cloudsim.ErrWrongState, ID: id, State: state.String()}
		}
	}
	for _, move := range moves {
		if move.Previous != move.Current {
			m := r.byID[move.ID]
			r.enter(m, to, now)
			m.Changed = m.Changed.Add(outcome.Linger)
			if outcome.Fails {
				m.Failure, m.FailureText = outcome.Code, outcome.Message
			}
		}
	}
	return moves, nil
}

// stoppable returns why an instance cannot be stopped, or nil.
func (m *Instance) stoppable() error {
	switch {
	case m.InstanceStore:
		return ErrInstanceStore
	case m.Spot && !m.Persistent:
		return ErrOneTimeSpot
	case m.StopProtected:
		return ErrStopProtected
	}
	return nil
}

// enter moves an instance into an intermediate state. The caller holds mu.
func (r *region) enter(m *Instance, to State, now time.Time) {
	now = now.UTC()
	m.State, m.Changed = to, now
	m.Failure, m.FailureText = "", ""
	r.touch(m)
	switch to {
	case Pending:
		m.Launched = now.Truncate(time.Second) // EC2's launch time is the last start
	case ShuttingDown:
		const purgeEvery = 64
		if r.ended++; r.ended >= purgeEvery {
			r.purge(now)
		}
	}
}

// Vanish removes instances at once and without a trace. In EC2 this happens only an hour after a
// termination. Error: ErrNotFound.
func (c *Cloud) Vanish(accountID, regionName string, ids ...string) error {
	return c.edit(accountID, regionName, ids, func(r *region, m *Instance, _ State) error {
		r.remove(m)
		return nil
	})
}

// Retag sets and removes tags. Error: ErrNotFound.
func (c *Cloud) Retag(accountID, regionName, id string, set map[string]string, drop ...string) error {
	return c.edit(accountID, regionName, []string{id}, func(r *region, m *Instance, _ State) error {
		m.Tags = cloudsim.MergeTags(m.Tags, set, drop)
		r.touch(m)
		return nil
	})
}

// Resize changes the instance type. Errors: ErrNotFound; ErrWrongState unless the instance is
// stopped.
func (c *Cloud) Resize(accountID, regionName, id, instanceType string) error {
	return c.edit(accountID, regionName, []string{id}, func(r *region, m *Instance, state State) error {
		if state != Stopped {
			return &cloudsim.ResourceError{Err: cloudsim.ErrWrongState, ID: id, State: state.String()}
		}
		m.Type = instanceType
		r.touch(m)
		return nil
	})
}

// edit calls change for each instance. It changes none if one does not exist.
func (c *Cloud) edit(accountID, regionName string, ids []string, change func(*region, *Instance, State) error) error {
	r, err := c.region(accountID, regionName)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := c.world.Now()
	missing := slices.IndexFunc(ids, func(id string) bool {
		_, _, ok := r.visible(id, now)
		return !ok
	})
	if missing >= 0 {
		return &cloudsim.ResourceError{Err: cloudsim.ErrNotFound, ID: ids[missing]}
	}
	for _, id := range ids {
		if m, state, ok := r.visible(id, now); ok { // an id may be repeated, and be removed by then
			if err := change(r, m, state); err != nil {
				return err
			}
		}
	}
	return nil
}
