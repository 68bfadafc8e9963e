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
	return w.move(accountID, regionName, ids, Pending, func(s State) bool { return s == Stopped },
		func(s State) bool { return s == Running || s == Pending })
}

// Stop stops running machines. A stopped or stopping one stays as it is. All or none: errors are ErrNotFound, and
// ErrWrongState for machines that are ending. A spot machine can't be stopped: ErrInvalid.
func (w *World) Stop(accountID, regionName string, ids ...string) ([]Transition, error) {
	return w.move(accountID, regionName, ids, Stopping, func(s State) bool { return s == Running || s == Pending },
		func(s State) bool { return s == Stopped || s == Stopping })
}

// Terminate ends machines, in whatever state they are. All or none: the error is ErrNotFound.
func (w *World) Terminate(accountID, regionName string, ids ...string) ([]Transition, error) {
	return w.move(accountID, regionName, ids, ShuttingDown, func(s State) bool { return s != Terminated && s != ShuttingDown },
		func(State) bool { return true })
}

// move takes machines to a state: those in a state that from accepts change, those that keep accepts stay.
func (w *World) move(accountID, regionName string, ids []string, to State, from, keep func(State) bool) ([]Transition, error) {
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
		case from(state) && to == Stopping && m.Spot:
			return nil, &ResourceError{Err: ErrInvalid, ID: id}
		case from(state):
			moves = append(moves, Transition{id, state, to})
		case keep(state):
			moves = append(moves, Transition{id, state, state})
		default:
			return nil, &ResourceError{Err: ErrWrongState, ID: id, State: state.String()}
		}
	}
	for _, move := range moves {
		if move.Previous != move.Current {
			r.enter(r.byID[move.ID], to, now)
		}
	}
	return moves, nil
}

// enter puts a machine into an intermediate state. The caller holds mu.
func (r *region) enter(m *Machine, to State, now time.Time) {
	now = now.UTC()
	m.State, m.Changed = to, now
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
