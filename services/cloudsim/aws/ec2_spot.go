package aws

import (
	"slices"
)

// describeSpotRequests lists the requests that created the spot instances, without paging.
func describeSpotRequests(req *request, d *document) error {
	filters, err := parseFilters(req, "spot-instance-request-id", "instance-id", "state", "type")
	if err != nil {
		return err
	}
	ids := req.list("SpotInstanceRequestId")
	d.raw("<spotInstanceRequestSet>")
	err = req.cloud.Scan(req.call.Account, req.call.Region, 0, func(m *Instance) bool {
		id := spotRequestID(m)
		if !m.Spot || m.Bare || len(ids) > 0 && !slices.Contains(ids, id) || !filters.match(func(name string) []string { return spotValues(m, name) }) {
			return true
		}
		d.raw("<item>")
		d.word("spotInstanceRequestId", id)
		d.word("type", spotValues(m, "type")[0])
		d.word("state", spotValues(m, "state")[0])
		d.raw("<status><code>fulfilled</code><message>Your Spot request is fulfilled.</message></status>")
		d.word("instanceId", m.ID)
		d.time("createTime", m.Launched)
		d.raw("<productDescription>Linux/UNIX</productDescription>")
		d.word("launchedAvailabilityZone", m.Network.Zone)
		if m.Persistent {
			d.raw("<instanceInterruptionBehavior>stop</instanceInterruptionBehavior></item>")
		} else {
			d.raw("<instanceInterruptionBehavior>terminate</instanceInterruptionBehavior></item>")
		}
		return true
	})
	if err != nil {
		return err
	}
	d.raw("</spotInstanceRequestSet>")
	return nil
}

// spotValues returns the values of a spot instance's request for the name of a filter.
func spotValues(m *Instance, name string) []string {
	switch {
	case name == "instance-id":
		return []string{m.ID}
	case name == "type" && m.Persistent:
		return []string{"persistent"}
	case name == "type":
		return []string{"one-time"}
	case name == "state" && m.State == Terminated:
		return []string{"closed"}
	case name == "state" && (m.State == Stopped || m.State == Stopping):
		return []string{"disabled"} // a stopped instance must not be replaced
	case name == "state":
		return []string{"active"}
	}
	return []string{spotRequestID(m)}
}
