package gcp

// Truth is the content of a project at one moment, as a reader without faults would report it.
type Truth struct {
	Project   string
	VMs       []VM          // by zone, oldest first
	Databases []SQLInstance // by name
}

// Truth returns the content of a project now. Each zone is read at one moment. Error: ErrNoProject.
func (c *Cloud) Truth(projectID string) (Truth, error) {
	truth := Truth{Project: projectID}
	p, err := c.project(projectID)
	if err != nil {
		return truth, err
	}
	for _, zone := range p.zones {
		err := c.ScanVMs(projectID, zone, 0, func(m *VM) bool {
			truth.VMs = append(truth.VMs, *m)
			return true
		})
		if err != nil {
			return truth, err
		}
	}
	truth.Databases, err = c.SQLInstances(projectID)
	return truth, err
}

// VM returns the VM with a zone and a name.
func (t Truth) VM(zone, name string) (VM, bool) {
	for _, m := range t.VMs {
		if m.Zone == zone && m.Name == name {
			return m, true
		}
	}
	return VM{}, false
}
