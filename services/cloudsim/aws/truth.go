package aws

import "github.com/rollcall-dev/rollcall/services/cloudsim"

// Truth is all that exists in an account at one moment: what a reader that made no mistake would report.
type Truth struct {
	Account   string
	Instances []Instance // by region in the order of the plan, oldest first; terminated ones as long as they are listed
	Databases []Database // by region, then ID
	Clusters  []Cluster
}

// Truth returns what exists in an account now, in the regions that are enabled. Each region is seen at one moment.
// The error is ErrNoAccount.
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

// Instance finds a machine by id.
func (t Truth) Instance(id string) (Instance, bool) {
	for _, m := range t.Instances {
		if m.ID == id {
			return m, true
		}
	}
	return Instance{}, false
}

// Live returns the machines that are neither ending nor terminated.
func (t Truth) Live() []Instance {
	live := make([]Instance, 0, len(t.Instances))
	for _, m := range t.Instances {
		if m.State != ShuttingDown && m.State != Terminated {
			live = append(live, m)
		}
	}
	return live
}
