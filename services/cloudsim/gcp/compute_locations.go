package gcp

import (
	"slices"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// zones are the names of all zones, sorted.
var zones = Zones()

// regions are the names of all regions, sorted.
var regions = sortedRegions()

func sortedRegions() []string {
	var names []string
	for _, region := range Catalogue {
		names = append(names, region.Name)
	}
	slices.Sort(names)
	return names
}

// listNames writes a list of zones or regions.
func listNames(req *request, d *document, kind, collection string, names []string, one func(d *document, name string)) error {
	limit, err := pageSize(req, maxComputePage)
	if err != nil {
		return err
	}
	presented := req.query.Get("pageToken")
	after, err := parsePageToken(req.call, presented)
	if err != nil {
		return err
	}
	d.object("")
	d.word("kind", "compute#", kind, "List")
	d.word("id", "projects/", req.project.ID, "/", collection)
	d.array("items")
	count, last, honest := 0, "", ""
	for _, name := range names {
		if name <= after.zone || req.faults.Has(cloudsim.Empty) {
			continue
		}
		if count == limit {
			honest = pageToken(req.call, position{zone: last})
			break
		}
		one(d, name)
		last = name
		count++
	}
	d.endArray()
	d.nextPage(req, presented, honest, pageToken(req.call, after))
	d.word("selfLink", computeURL, "projects/", req.project.ID, "/", collection)
	d.endObject()
	return nil
}

// nextPage writes the token of the next page, if there is one or a fault adds it.
func (d *document) nextPage(req *request, presented, honest, endless string) {
	if token := req.faults.NextToken(presented, honest, endless); token != "" {
		d.word("nextPageToken", token)
	}
}

func listZones(req *request, d *document) error {
	return listNames(req, d, "zone", "zones", zones, func(d *document, name string) { d.zone(req, name) })
}

func listRegions(req *request, d *document) error {
	return listNames(req, d, "region", "regions", regions, func(d *document, name string) { d.region(req, name) })
}

func getZone(req *request, d *document) error {
	if !slices.Contains(zones, req.call.Region) {
		return notFound(req.call, "projects/"+req.project.ID+"/zones/"+req.call.Region)
	}
	d.zone(req, req.call.Region)
	return nil
}

func getRegion(req *request, d *document) error {
	if !slices.Contains(regions, req.call.Region) {
		return notFound(req.call, "projects/"+req.project.ID+"/regions/"+req.call.Region)
	}
	d.region(req, req.call.Region)
	return nil
}

// zone writes a zone. Its status is UP even if a fault makes it unreachable.
func (d *document) zone(req *request, name string) {
	d.object("")
	d.word("kind", "compute#zone")
	d.id("id", 2000+uint64(slices.Index(zones, name)))
	d.word("creationTimestamp", "1969-12-31T16:00:00.000-08:00")
	d.word("name", name)
	d.word("description", name)
	d.word("status", "UP")
	d.word("region", computeURL, "projects/", req.project.ID, "/regions/", RegionOfZone(name))
	d.word("selfLink", computeURL, "projects/", req.project.ID, "/zones/", name)
	d.endObject()
}

func (d *document) region(req *request, name string) {
	d.object("")
	d.word("kind", "compute#region")
	d.id("id", 1000+uint64(slices.Index(regions, name)))
	d.word("creationTimestamp", "1969-12-31T16:00:00.000-08:00")
	d.word("name", name)
	d.word("description", name)
	d.word("status", "UP")
	d.array("zones")
	for _, zone := range zones {
		if RegionOfZone(zone) == name {
			d.item(computeURL, "projects/", req.project.ID, "/zones/", zone)
		}
	}
	d.endArray()
	d.word("selfLink", computeURL, "projects/", req.project.ID, "/regions/", name)
	d.endObject()
}
