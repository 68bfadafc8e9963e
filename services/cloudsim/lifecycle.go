package cloudsim

import (
	"slices"
	"time"
)

// Transition is what became of one machine's state.
type Transition struct {
	ID       string
	Previous State
	Current  State
}

// Launch starts machines; they are pending at first. Errors: ErrNoAccount, ErrNoRegion, ErrNotFound for the subnet.
func (w *World) Launch(accountID, regionName string, spec Spec) ([]Machine, error) {
	r, err := w.region(accountID, regionName)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if spec.Subnet != "" && r.network(spec.Subnet).Subnet != spec.Subnet {
		return nil, &ResourceError{Err: ErrNotFound, ID: spec.Subnet}
	}
	now := w.Now()
	views := make([]Machine, 0, max(spec.Count, 1))
	for _, m := range r.launch(spec, now) {
		view := *m
		view.State, _ = r.at(m, now)
		views = append(views, view)
	}
	return views, nil
}

// Start starts stopped machines. A running or pending one stays as it is. All or none: errors are ErrNotFound, and
// ErrWrongState for machines that are stopping or ending.
func (w *World) Start(accountID, regionName string, ids ...string) ([]Transition, error) {
	return w.Move(accountID, regionName, Pending, How{}, ids...)
}

// Stop stops running machines. A stopped or stopping one stays as it is. All or none: errors are ErrNotFound,
// ErrWrongState for machines that are ending, and ErrInstanceStore, ErrOneTimeSpot and ErrStopProtected.
func (w *World) Stop(accountID, regionName string, ids ...string) ([]Transition, error) {
	return w.Move(accountID, regionName, Stopping, How{}, ids...)
}

// Terminate ends machines, in whatever state they are. All or none: the error is ErrNotFound.
func (w *World) Terminate(accountID, regionName string, ids ...string) ([]Transition, error) {
	return w.Move(accountID, regionName, ShuttingDown, How{}, ids...)
}

// cameFrom are the states that a machine leaves for another, and keepsIn those in which it stays, since it is there.
var (
	cameFrom = map[State][]State{
		Pending: {Stopped}, Stopping: {Running, Pending}, ShuttingDown: {Pending, Running, Stopping, Stopped},
	}
	keepsIn = map[State][]State{Pending: {Pending, Running}, Stopping: {Stopping, Stopped}, ShuttingDown: {ShuttingDown, Terminated}}
)

// Move is Start (to Pending), Stop (to Stopping) and Terminate (to ShuttingDown) of machines, and says how it goes.
func (w *World) Move(accountID, regionName string, to State, how How, ids ...string) ([]Transition, error) {
	r, err := w.region(accountID, regionName)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := w.Now()
	moves := make([]Transition, 0, len(ids))
	for _, id := range ids {
		m, state, ok := r.visible(id, now)
		switch {
		case !ok:
			return nil, &ResourceError{Err: ErrNotFound, ID: id}
		case slices.Contains(cameFrom[to], state):
			if err := m.stoppable(); err != nil && to == Stopping {
				return nil, &ResourceError{Err: err, ID: id}
			}
			moves = append(moves, Transition{id, state, to})
		case slices.Contains(keepsIn[to], state):
			moves = append(moves, Transition{id, state, state})
		default:
			return nil, &ResourceError{Err: ErrWrongState, ID: id, State: state.String()}
		}
	}
	for _, move := range moves {
		if move.Previous != move.Current {
			m := r.byID[move.ID]
			r.enter(m, to, now)
			m.Changed = m.Changed.Add(how.Linger)
			if how.Fails {
				m.Failure, m.FailureText = how.Code, how.Message
			}
		}
	}
	return moves, nil
}

// stoppable tells why a machine can't be stopped, nil when it can.
func (m *Machine) stoppable() error {
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

// enter puts a machine into an intermediate state. The caller holds mu.
func (r *region) enter(m *Machine, to State, now time.Time) {
	now = now.UTC()
	m.State, m.Changed = to, now
	m.Failure, m.FailureText = "", ""
	r.touch(m)
	switch to {
	case Pending:
		m.Launched = now.Truncate(time.Second) // EC2 reports the time of the last start
	case ShuttingDown:
		const purgeEvery = 64
		if r.ended++; r.ended >= purgeEvery {
			r.purge(now)
		}
	}
}

// Vanish takes machines away at once and without a trace, as nothing does in a real cloud but the hour after a
// termination. The error is ErrNotFound.
func (w *World) Vanish(accountID, regionName string, ids ...string) error {
	return w.edit(accountID, regionName, ids, func(r *region, m *Machine, _ State) error {
		r.remove(m)
		return nil
	})
}

// Retag sets and removes tags. The error is ErrNotFound.
func (w *World) Retag(accountID, regionName, id string, set map[string]string, drop ...string) error {
	return w.edit(accountID, regionName, []string{id}, func(r *region, m *Machine, _ State) error {
		m.Tags = mergeTags(m.Tags, set, drop)
		r.touch(m)
		return nil
	})
}

// Resize changes the machine type. Errors: ErrNotFound; ErrWrongState unless the machine is stopped.
func (w *World) Resize(accountID, regionName, id, machineType string) error {
	return w.edit(accountID, regionName, []string{id}, func(r *region, m *Machine, state State) error {
		if state != Stopped {
			return &ResourceError{Err: ErrWrongState, ID: id, State: state.String()}
		}
		m.Type = machineType
		r.touch(m)
		return nil
	})
}

// edit changes machines one by one. Nothing is changed when one of them is not there.
func (w *World) edit(accountID, regionName string, ids []string, change func(*region, *Machine, State) error) error {
	r, err := w.region(accountID, regionName)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := w.Now()
	missing := slices.IndexFunc(ids, func(id string) bool {
		_, _, ok := r.visible(id, now)
		return !ok
	})
	if missing >= 0 {
		return &ResourceError{Err: ErrNotFound, ID: ids[missing]}
	}
	for _, id := range ids {
		if m, state, ok := r.visible(id, now); ok { // an id may be named twice, and be gone the second time
			if err := change(r, m, state); err != nil {
				return err
			}
		}
	}
	return nil
}
