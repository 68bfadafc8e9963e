package aws

import (
	"net/http"
	"slices"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// describeRegions lists the regions enabled in the account, or all regions.
func describeRegions(req *request, d *document) error {
	enabled := req.cloud.Regions(req.call.Account)
	names := req.list("RegionName")
	for _, name := range names {
		if !slices.ContainsFunc(Catalogue, func(r RegionInfo) bool { return r.Name == name }) {
			return fail(http.StatusBadRequest, "InvalidParameterValue", "Invalid region names: [%s]", name)
		}
	}
	filters, err := parseFilters(req, "region-name", "endpoint", "opt-in-status")
	if err != nil {
		return err
	}
	all := req.form.Get("AllRegions") == "true"
	d.raw("<regionInfo>")
	for _, region := range Catalogue {
		on := slices.Contains(enabled, region.Name)
		if !on && !all || len(names) > 0 && !slices.Contains(names, region.Name) || req.faults.Has(cloudsim.Empty) {
			continue
		}
		endpoint, status := "ec2."+region.Name+".amazonaws.com", optInStatus(region, on)
		values := map[string]string{"region-name": region.Name, "endpoint": endpoint, "opt-in-status": status}
		if !filters.match(func(name string) []string { return []string{values[name]} }) {
			continue
		}
		d.open("item")
		d.word("regionName", region.Name)
		d.word("regionEndpoint", endpoint)
		d.word("optInStatus", status)
		d.close("item")
	}
	d.raw("</regionInfo>")
	return nil
}

// optInStatus returns EC2's opt-in status of a region. A region without opt-in that the account's
// plan omits is reported as not opted in, to keep simulated worlds small.
func optInStatus(region RegionInfo, enabled bool) string {
	switch {
	case !enabled:
		return "not-opted-in"
	case region.OptIn:
		return "opted-in"
	default:
		return "opt-in-not-required"
	}
}
