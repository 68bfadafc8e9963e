package gcp

import (
	"strconv"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// listing is a page of a list being written.
type listing struct {
	req    *request
	limit  int
	filter filter
	after  position
	count  int
	end    position // of the last VM on the page
	more   bool     // there is a VM after that one
}

// newListing parses the paging parameters and the filter of a request.
func newListing(req *request) (*listing, error) {
	limit, err := pageSize(req, maxComputePage)
	if err != nil {
		return nil, err
	}
	after, err := parsePageToken(req.call, req.query.Get("pageToken"))
	if err != nil {
		return nil, err
	}
	filter, err := parseFilter(req.query.Get("filter"))
	return &listing{req: req, limit: limit, after: after, filter: filter, end: after}, err
}

// zone writes the VMs of a zone that belong on the page, and returns their number.
func (l *listing) zone(d *document, zone string) (int, error) {
	if l.req.faults.Has(cloudsim.Empty) || l.more || zone < l.after.zone {
		return 0, nil
	}
	var after uint64
	if zone == l.after.zone {
		after = l.after.seq
	}
	written := 0
	err := l.req.cloud.ScanVMs(l.req.project.ID, zone, after, func(m *VM) bool {
		if !l.filter.match(m) || l.leavesOut(m) {
			return true
		}
		if l.count == l.limit {
			l.more = true
			return false
		}
		if written == 0 {
			d.array("instances")
		}
		d.instance(m, l.req.project)
		written++
		l.count++
		l.end = position{zone, m.Seq}
		return true
	})
	if written > 0 {
		d.endArray()
	}
	return written, err
}

// leavesOut reports whether a fault omits a VM from the list.
func (l *listing) leavesOut(m *VM) bool {
	return l.req.faults.LeavesOut(strconv.FormatUint(m.ID, 10))
}

// next returns the token of the next page, "" if this is the last.
func (l *listing) next() string {
	if !l.more {
		return ""
	}
	return pageToken(l.req.call, l.end)
}

// listInstances lists the VMs of a zone.
func listInstances(req *request, d *document) error {
	if reachable, _ := splitReachable(req, []string{req.call.Region}); len(reachable) == 0 {
		return unreachable("zone " + req.call.Region)
	}
	l, err := newListing(req)
	if err != nil {
		return err
	}
	d.object("")
	d.word("kind", "compute#instanceList")
	d.word("id", "projects/", req.project.ID, "/zones/", req.call.Region, "/instances")
	d.array("items")
	if err := l.items(d); err != nil {
		return err
	}
	d.endArray()
	d.nextPage(req, req.query.Get("pageToken"), l.next(), pageToken(req.call, l.after))
	d.word("selfLink", computeURL, "projects/", req.project.ID, "/zones/", req.call.Region, "/instances")
	d.endObject()
	return nil
}

// items writes the VMs of the request's zone as elements of an open array.
func (l *listing) items(d *document) error {
	if l.req.faults.Has(cloudsim.Empty) {
		return nil
	}
	return l.req.cloud.ScanVMs(l.req.project.ID, l.req.call.Region, l.after.seq, func(m *VM) bool {
		switch {
		case !l.filter.match(m) || l.leavesOut(m):
			return true
		case l.count == l.limit:
			l.more = true
			return false
		}
		d.instance(m, l.req.project)
		l.count++
		l.end = position{m.Zone, m.Seq}
		return true
	})
}

// aggregateInstances lists the VMs of all zones, grouped by zone.
func aggregateInstances(req *request, d *document) error {
	reachable, lost := splitReachable(req, zones)
	partial := req.query.Get("returnPartialSuccess") == "true"
	if len(lost) > 0 && !partial {
		return unreachable("zone " + lost[0])
	}
	l, err := newListing(req)
	if err != nil {
		return err
	}
	d.object("")
	d.word("kind", "compute#instanceAggregatedList")
	d.word("id", "projects/", req.project.ID, "/aggregated/instances")
	d.object("items")
	if req.query.Get("includeAllScopes") == "true" {
		d.emptyScope("global")
		for _, region := range regions {
			d.emptyScope("regions/" + region)
		}
	}
	for _, zone := range reachable {
		d.object("zones/" + zone)
		n, err := l.zone(d, zone)
		if err != nil {
			return err
		}
		if n == 0 {
			d.noResults("zones/" + zone)
		}
		d.endObject()
	}
	for _, zone := range lost {
		d.object("zones/" + zone)
		d.warning("UNREACHABLE", "The zone '"+zone+"' could not be reached.", "zones/"+zone)
		d.endObject()
	}
	d.endObject()
	if len(lost) > 0 {
		d.array("unreachables")
		for _, zone := range lost {
			d.item("zones/", zone)
		}
		d.endArray()
	}
	d.nextPage(req, req.query.Get("pageToken"), l.next(), pageToken(req.call, l.after))
	d.word("selfLink", computeURL, "projects/", req.project.ID, "/aggregated/instances")
	d.endObject()
	return nil
}

// splitReachable separates the reachable zones or regions from the unreachable ones.
func splitReachable(req *request, all []string) (reachable, lost []string) {
	call := req.call
	for _, zone := range all {
		call.Region = zone
		if req.world.Unreachable(call) {
			lost = append(lost, zone)
		} else {
			reachable = append(reachable, zone)
		}
	}
	return reachable, lost
}

func (d *document) emptyScope(scope string) {
	d.object(scope)
	d.noResults(scope)
	d.endObject()
}

func (d *document) noResults(scope string) {
	d.warning("NO_RESULTS_ON_PAGE", "There are no results for scope '"+scope+"' on this page.", scope)
}

func (d *document) warning(code, message, scope string) {
	d.object("warning")
	d.word("code", code)
	d.word("message", message)
	d.array("data")
	d.object("")
	d.word("key", "scope")
	d.word("value", scope)
	d.endObject()
	d.endArray()
	d.endObject()
}
