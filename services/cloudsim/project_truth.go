package cloudsim

// ProjectTruth is all that exists in a Google Cloud project at one moment: what a reader that made no mistake would report.
type ProjectTruth struct {
	Project   string
	VMs       []VM          // by zone, oldest first
	Databases []SQLInstance // by name
}

// ProjectTruth returns what exists in a project now. Each zone is seen at one moment. The error is ErrNoProject.
func (w *World) ProjectTruth(projectID string) (ProjectTruth, error) {
	truth := ProjectTruth{Project: projectID}
	p, err := w.project(projectID)
	if err != nil {
		return truth, err
	}
	for _, zone := range p.zones {
		err := w.ScanVMs(projectID, zone, 0, func(m *VM) bool {
			truth.VMs = append(truth.VMs, *m)
			return true
		})
		if err != nil {
			return truth, err
		}
	}
	truth.Databases, err = w.SQLInstances(projectID)
	return truth, err
}

// VM finds a VM by zone and name.
func (t ProjectTruth) VM(zone, name string) (VM, bool) {
	for _, m := range t.VMs {
		if m.Zone == zone && m.Name == name {
			return m, true
		}
	}
	return VM{}, false
}
