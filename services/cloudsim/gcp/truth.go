package gcp

// Truth is all that exists in a Google Cloud project at one moment: what a reader that made no mistake would report.
type Truth struct {
	Project   string
	VMs       []VM          // by zone, oldest first
	Databases []SQLInstance // by name
}

// Truth returns what exists in a project now. Each zone is seen at one moment. The error is ErrNoProject.
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

// VM finds a VM by zone and name.
func (t Truth) VM(zone, name string) (VM, bool) {
	for _, m := range t.VMs {
		if m.Zone == zone && m.Name == name {
			return m, true
		}
	}
	return VM{}, false
}
