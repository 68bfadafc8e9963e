package gcp

import (
	"cmp"
	"slices"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// CreateVMs creates VMs in a zone, which are PROVISIONING at first. Errors: ErrNoProject,
// ErrNoRegion; ErrInvalid if the name is taken.
func (c *Cloud) CreateVMs(projectID, zone string, spec VMSpec) ([]VM, error) {
	p, err := c.project(projectID)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.hasZone(zone) {
		return nil, &cloudsim.ResourceError{Err: cloudsim.ErrNoRegion, ID: zone}
	}
	now := c.world.Now()
	if _, _, taken := p.vm(zone, spec.Name, now); taken {
		return nil, &cloudsim.ResourceError{Err: cloudsim.ErrInvalid, ID: spec.Name}
	}
	var views []VM
	for _, m := range p.createVMs(zone, spec, now) {
		views = append(views, p.view(m, now))
	}
	return views, nil
}

// vm returns the stored VM with a name and its present state, and false if it does not exist. The
// caller holds mu.
func (p *project) vm(zone, name string, now time.Time) (*VM, VMState, bool) {
	m, ok := p.names[zone+"/"+name]
	if !ok {
		return nil, "", false
	}
	state, there := p.vmAt(m, now)
	return m, state, there
}

// view returns a snapshot of a VM. The caller holds mu.
func (p *project) view(m *VM, now time.Time) VM {
	view := *m
	view.State, _ = p.vmAt(m, now)
	return view
}

// VM returns one VM. Errors: ErrNoProject, ErrNoRegion, ErrNotFound.
func (c *Cloud) VM(projectID, zone, name string) (VM, error) {
	p, err := c.project(projectID)
	if err != nil {
		return VM{}, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	if !p.hasZone(zone) {
		return VM{}, &cloudsim.ResourceError{Err: cloudsim.ErrNoRegion, ID: zone}
	}
	now := c.world.Now()
	m, _, ok := p.vm(zone, name, now)
	if !ok {
		return VM{}, &cloudsim.ResourceError{Err: cloudsim.ErrNotFound, ID: name}
	}
	return p.view(m, now), nil
}

// ScanVMs calls visit for the VMs of a zone with a Seq greater than after, oldest first, until
// visit returns false. The VM is valid only during the call, and visit must not call the Cloud.
// Errors: ErrNoProject, ErrNoRegion.
func (c *Cloud) ScanVMs(projectID, zone string, after uint64, visit func(m *VM) bool) error {
	p, err := c.project(projectID)
	if err != nil {
		return err
	}
	if !p.hasZone(zone) {
		return &cloudsim.ResourceError{Err: cloudsim.ErrNoRegion, ID: zone}
	}
	now := c.world.Now()
	p.mu.RLock()
	defer p.mu.RUnlock()
	vms := p.byZone[zone]
	i, _ := slices.BinarySearchFunc(vms, after+1, func(m *VM, seq uint64) int { return cmp.Compare(m.Seq, seq) })
	var view VM
	for _, m := range vms[i:] {
		state, there := p.vmAt(m, now)
		if !there {
			continue
		}
		view = *m
		view.State = state
		if !visit(&view) {
			break
		}
	}
	return nil
}

// StartVM starts a stopped VM. A running one stays as it is. Errors: ErrNotFound, ErrWrongState.
func (c *Cloud) StartVM(projectID, zone, name string, options ...cloudsim.Outcome) (VM, error) {
	return c.changeVM(projectID, zone, name, VMProvisioning, []VMState{VMTerminated, VMStopped}, []VMState{VMRunning, VMProvisioning, VMStaging}, options...)
}

// StopVM stops a running or suspended VM. A stopped one stays as it is. Errors: ErrNotFound,
// ErrWrongState.
func (c *Cloud) StopVM(projectID, zone, name string, options ...cloudsim.Outcome) (VM, error) {
	return c.changeVM(projectID, zone, name, VMStopping,
		[]VMState{VMRunning, VMProvisioning, VMStaging, VMSuspended, VMRepairing}, []VMState{VMTerminated, VMStopped, VMStopping}, options...)
}

// SuspendVM suspends a running VM. Errors: ErrNotFound, ErrWrongState.
func (c *Cloud) SuspendVM(projectID, zone, name string, options ...cloudsim.Outcome) (VM, error) {
	return c.changeVM(projectID, zone, name, VMSuspending, []VMState{VMRunning}, []VMState{VMSuspended, VMSuspending}, options...)
}

// ResumeVM resumes a suspended VM. Errors: ErrNotFound, ErrWrongState.
func (c *Cloud) ResumeVM(projectID, zone, name string, options ...cloudsim.Outcome) (VM, error) {
	return c.changeVM(projectID, zone, name, VMProvisioning, []VMState{VMSuspended}, []VMState{VMRunning, VMProvisioning, VMStaging}, options...)
}

// DeleteVM deletes a VM in any state. Error: ErrNotFound.
func (c *Cloud) DeleteVM(projectID, zone, name string) (VM, error) {
	return c.changeVM(projectID, zone, name, VMDeprovisioning, VMStates, nil)
}

// SetVMState sets a state that no action leads to, such as REPAIRING. Error: ErrNotFound.
func (c *Cloud) SetVMState(projectID, zone, name string, state VMState) error {
	_, err := c.changeVM(projectID, zone, name, state, VMStates, nil)
	return err
}

// SetVMLabels replaces a VM's labels. Error: ErrNotFound.
func (c *Cloud) SetVMLabels(projectID, zone, name string, labels map[string]string) error {
	return c.editVM(projectID, zone, name, func(p *project, m *VM, _ VMState, _ time.Time) error {
		m.Labels = cloudsim.MergeTags(nil, labels, nil)
		p.touch(m)
		return nil
	})
}

// ResizeVM changes a VM's machine type. Errors: ErrNotFound; ErrWrongState unless it is stopped.
func (c *Cloud) ResizeVM(projectID, zone, name, machineType string) error {
	return c.editVM(projectID, zone, name, func(p *project, m *VM, state VMState, _ time.Time) error {
		if state != VMTerminated {
			return &cloudsim.ResourceError{Err: cloudsim.ErrWrongState, ID: name, State: string(state)}
		}
		m.Type = machineType
		p.touch(m)
		return nil
	})
}

// changeVM moves a VM to a state if its state is in from. In a state in keep it stays as it is.
func (c *Cloud) changeVM(projectID, zone, name string, to VMState, from, keep []VMState, options ...cloudsim.Outcome) (VM, error) {
	var view VM
	err := c.editVM(projectID, zone, name, func(p *project, m *VM, state VMState, now time.Time) error {
		switch {
		case slices.Contains(from, state):
			p.enterVM(m, to, now)
			m.Changed = m.Changed.Add(cloudsim.OutcomeOf(options).Linger)
			if cloudsim.OutcomeOf(options).Fails {
				m.fallsBack = state
			}
		case slices.Contains(keep, state):
		default:
			return &cloudsim.ResourceError{Err: cloudsim.ErrWrongState, ID: name, State: string(state)}
		}
		view = p.view(m, now)
		return nil
	})
	return view, err
}

// editVM calls change for a VM. Errors: ErrNoProject, ErrNoRegion, ErrNotFound, and those of
// change.
func (c *Cloud) editVM(projectID, zone, name string, change func(*project, *VM, VMState, time.Time) error) error {
	p, err := c.project(projectID)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.hasZone(zone) {
		return &cloudsim.ResourceError{Err: cloudsim.ErrNoRegion, ID: zone}
	}
	now := c.world.Now()
	m, state, ok := p.vm(zone, name, now)
	if !ok {
		return &cloudsim.ResourceError{Err: cloudsim.ErrNotFound, ID: name}
	}
	return change(p, m, state, now)
}

// enterVM sets the state of a VM. The caller holds mu.
func (p *project) enterVM(m *VM, to VMState, now time.Time) {
	m.State, m.Changed, m.fallsBack = to, now.UTC(), ""
	p.touch(m)
	switch to {
	case VMProvisioning:
		m.Started = m.Changed
	case VMStopping:
		m.Stopped = m.Changed
	case VMDeprovisioning:
		p.purgeVMs(m.Zone, now)
	}
}

// purgeVMs removes the VMs of a zone that no longer exist. The caller holds mu.
func (p *project) purgeVMs(zone string, now time.Time) {
	p.byZone[zone] = slices.DeleteFunc(p.byZone[zone], func(m *VM) bool {
		_, there := p.vmAt(m, now)
		if !there && p.names[zone+"/"+m.Name] == m {
			delete(p.names, zone+"/"+m.Name)
		}
		return !there
	})
}
