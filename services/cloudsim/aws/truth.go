package aws

import "github.com/rollcall-dev/rollcall/services/cloudsim"

// Truth is the content of an account at one moment, as a reader without faults would report it.
type Truth struct {
	Account   string
	Instances []Instance // by region in the order of the plan, oldest first; with terminated ones while EC2 lists them
	Databases []Database // by region, then ID
	Clusters  []Cluster
}

// Truth returns the content of an account now, in the enabled regions. Each region is read at one
// moment. Error: ErrNoAccount.
func (c *Cloud) Truth(accountID string) (Truth, error) {
	truth := Truth{Account: accountID}
	a, ok := c.accounts[accountID]
	if !ok {
		return truth, &cloudsim.ResourceError{Err: ErrNoAccount, ID: accountID}
	}
	for _, region := range a.plan.Regions {
		err := c.Scan(accountID, region, 0, func(m *Instance) bool {
			truth.Instances = append(truth.Instances, *m)
			return true
		})
		if err != nil {
			return truth, err
		}
		databases, err := c.Databases(accountID, region)
		if err != nil {
			return truth, err
		}
		truth.Databases = append(truth.Databases, databases...)
		clusters, err := c.Clusters(accountID, region)
		if err != nil {
			return truth, err
		}
		truth.Clusters = append(truth.Clusters, clusters...)
	}
	return truth, nil
}

// Instance returns the instance with an id.
func (t Truth) Instance(id string) (Instance, bool) {
	for _, m := range t.Instances {
		if m.ID == id {
			return m, true
		}
	}
	return Instance{}, false
}

// Live returns the instances that are not terminated or shutting down.
func (t Truth) Live() []Instance {
	live := make([]Instance, 0, len(t.Instances))
	for _, m := range t.Instances {
		if m.State != ShuttingDown && m.State != Terminated {
			live = append(live, m)
		}
	}
	return live
}
