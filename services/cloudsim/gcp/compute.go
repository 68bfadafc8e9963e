package gcp

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// computeURL is the prefix of the URLs of Compute Engine's resources.
const computeURL = "https://www.googleapis.com/compute/v1/"

// computeEndpoints are the methods of Compute Engine.
var computeEndpoints = prefixed("/compute/v1/projects/{project}", map[string]endpoint{
	"GET ":                                   {action: "projects.get", permission: "compute.projects.get", handle: getProject},
	"GET /zones":                             {action: "zones.list", permission: "compute.zones.list", handle: listZones},
	"GET /zones/{zone}":                      {action: "zones.get", permission: "compute.zones.get", handle: getZone},
	"GET /regions":                           {action: "regions.list", permission: "compute.regions.list", handle: listRegions},
	"GET /regions/{region}":                  {action: "regions.get", permission: "compute.regions.get", handle: getRegion},
	"GET /aggregated/instances":              {action: "instances.aggregatedList", permission: "compute.instances.list", handle: aggregateInstances},
	"GET /zones/{zone}/instances":            {action: "instances.list", permission: "compute.instances.list", handle: listInstances},
	"GET /zones/{zone}/instances/{instance}": {action: "instances.get", permission: "compute.instances.get", handle: getInstance},
	"POST /zones/{zone}/instances/{instance}/start":   {action: "instances.start", permission: "compute.instances.start", handle: startInstance},
	"POST /zones/{zone}/instances/{instance}/stop":    {action: "instances.stop", permission: "compute.instances.stop", handle: stopInstance},
	"POST /zones/{zone}/instances/{instance}/suspend": {action: "instances.suspend", permission: "compute.instances.suspend", handle: suspendInstance},
	"POST /zones/{zone}/instances/{instance}/resume":  {action: "instances.resume", permission: "compute.instances.resume", handle: resumeInstance},
	"GET /zones/{zone}/operations":                    {action: "zoneOperations.list", permission: "compute.zoneOperations.list", handle: listOperations},
	"GET /zones/{zone}/operations/{operation}":        {action: "zoneOperations.get", permission: "compute.zoneOperations.get", handle: getOperation},
	"POST /zones/{zone}/operations/{operation}/wait":  {action: "zoneOperations.wait", permission: "compute.zoneOperations.get", handle: waitOperation},
})

// prefixed adds a path prefix to Compute Engine's endpoints.
func prefixed(prefix string, endpoints map[string]endpoint) map[string]endpoint {
	all := make(map[string]endpoint, len(endpoints))
	for pattern, e := range endpoints {
		method, rest := pattern[:indexSpace(pattern)], pattern[indexSpace(pattern)+1:]
		e.service = "compute"
		all[method+" "+prefix+rest] = e
	}
	return all
}

func indexSpace(pattern string) int { return slices.Index([]byte(pattern), ' ') }

// position is the end of a page: the zone, and the Seq of the last VM in it.
type position struct {
	zone string
	seq  uint64
}

// tokenScope returns a number that ties page tokens to one list.
func tokenScope(call cloudsim.Call, zone string) uint64 {
	var scope uint64
	for _, c := range call.Account + "/" + call.Region + "/" + call.Action + "/" + zone {
		scope = cloudsim.Mix(scope, uint64(c))
	}
	return scope
}

// pageToken returns an opaque token for the position after a page. The order of VMs never changes,
// so pages do not repeat or skip VMs while others come and go.
func pageToken(call cloudsim.Call, at position) string {
	raw := binary.BigEndian.AppendUint64(nil, at.seq)
	raw = binary.BigEndian.AppendUint64(raw, cloudsim.Mix(tokenScope(call, at.zone), at.seq))
	return base64.RawURLEncoding.EncodeToString(append(raw, at.zone...))
}

// parsePageToken returns the position in a token. The empty token is the beginning.
func parsePageToken(call cloudsim.Call, token string) (position, error) {
	if token == "" {
		return position{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil && len(raw) >= 16 {
		at := position{zone: string(raw[16:]), seq: binary.BigEndian.Uint64(raw)}
		if binary.BigEndian.Uint64(raw[8:]) == cloudsim.Mix(tokenScope(call, at.zone), at.seq) {
			return at, nil
		}
	}
	return position{}, invalid("Invalid value for field 'pageToken': '%s'. The page token is invalid.", token)
}

// maxComputePage is Compute Engine's maximum page size and its default.
const maxComputePage = 500

// pageSize parses maxResults.
func pageSize(req *request, most int) (int, error) {
	given := req.query.Get("maxResults")
	if given == "" || given == "0" {
		return req.world.PageSize(most), nil
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < 0 || n > most {
		return 0, invalid("Invalid value for field 'maxResults': '%s'. Value must be between 0 and %d, inclusive.", given, most)
	}
	return req.world.PageSize(n), nil
}

// getProject describes the project.
func getProject(req *request, d *document) error {
	d.object("")
	d.word("kind", "compute#project")
	d.id("id", req.project.Number)
	d.time("creationTimestamp", req.project.Created)
	d.word("name", req.project.ID)
	d.object("commonInstanceMetadata")
	d.word("kind", "compute#metadata")
	d.word("fingerprint", "c2ltdWxhdGU=")
	d.endObject()
	d.word("selfLink", computeURL, "projects/", req.project.ID)
	d.word("defaultServiceAccount", strconv.FormatUint(req.project.Number, 10), "-compute@developer.gserviceaccount.com")
	d.word("defaultNetworkTier", "PREMIUM")
	d.word("xpnProjectStatus", "UNSPECIFIED_XPN_PROJECT_STATUS")
	d.endObject()
	return nil
}
