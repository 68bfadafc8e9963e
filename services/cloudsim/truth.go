package cloudsim

// Truth is all that exists in an account at one moment: what a reader that made no mistake would report.
type Truth struct {
	Account   string
	Machines  []Machine  // by region in the order of the plan, oldest first; terminated ones as long as they are listed
	Databases []Database // by region, then ID
	Clusters  []Cluster
}

// Truth returns what exists in an account now, in the regions that are enabled. Each region is seen at one moment.
// The error is ErrNoAccount.
func (w *World) Truth(accountID string) (Truth, error) {
	truth := Truth{Account: accountID}
	a, ok := w.accounts[accountID]
	if !ok {
		return truth, &ResourceError{Err: ErrNoAccount, ID: accountID}
	}
	for _, region := range a.plan.Regions {
		err := w.Scan(accountID, region, 0, func(m *Machine) bool {
			truth.Machines = append(truth.Machines, *m)
			return true
		})
		if err != nil {
			return truth, err
		}
		databases, err := w.Databases(accountID, region)
		if err != nil {
			return truth, err
		}
		truth.Databases = append(truth.Databases, databases...)
		clusters, err := w.Clusters(accountID, region)
		if err != nil {
			return truth, err
		}
		truth.Clusters = append(truth.Clusters, clusters...)
	}
	return truth, nil
}

// Machine finds a machine by id.
func (t Truth) Machine(id string) (Machine, bool) {
	for _, m := range t.Machines {
		if m.ID == id {
			return m, true
		}
	}
	return Machine{}, false
}

// Live returns the machines that are neither ending nor terminated.
func (t Truth) Live() []Machine {
	live := make([]Machine, 0, len(t.Machines))
	for _, m := range t.Machines {
		if m.State != ShuttingDown && m.State != Terminated {
			live = append(live, m)
		}
	}
	return live
}
