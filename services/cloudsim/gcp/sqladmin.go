package gcp

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// sqlEndpoints are the methods of both versions of Cloud SQL Admin.
var sqlEndpoints = bothVersions(map[string]endpoint{
	"GET /instances":              {action: "instances.list", permission: "cloudsql.instances.list", handle: listSQL},
	"GET /instances/{instance}":   {action: "instances.get", permission: "cloudsql.instances.get", handle: getSQL},
	"PATCH /instances/{instance}": {action: "instances.patch", permission: "cloudsql.instances.update", handle: patchSQL},
	"GET /operations":             {action: "operations.list", permission: "cloudsql.instances.get", handle: listSQLOperations},
	"GET /operations/{operation}": {action: "operations.get", permission: "cloudsql.instances.get", handle: getSQLOperation},
	"GET /tiers":                  {action: "tiers.list", permission: "cloudsql.instances.list", handle: listTiers},
})

func bothVersions(endpoints map[string]endpoint) map[string]endpoint {
	all := make(map[string]endpoint, 2*len(endpoints))
	for pattern, e := range endpoints {
		e.service = "sqladmin"
		method, path, _ := strings.Cut(pattern, " ")
		for _, prefix := range []string{"/v1", "/sql/v1beta4"} {
			all[method+" "+prefix+"/projects/{project}"+path] = e
		}
	}
	return all
}

// sqlURL returns the prefix of resource URLs in the requested API version.
func sqlURL(req *request) string {
	if strings.HasPrefix(req.http.URL.Path, "/sql/v1beta4/") {
		return "https://sqladmin.googleapis.com/sql/v1beta4/projects/"
	}
	return "https://sqladmin.googleapis.com/v1/projects/"
}

const (
	sqlPage    = 500  // the default
	maxSQLPage = 1000 // larger sizes are reduced to this
)

// listSQL lists the instances of all regions by name. It omits unreachable regions, and adds a
// warning.
func listSQL(req *request, d *document) error {
	limit := req.world.PageSize(sqlPage)
	if given := req.query.Get("maxResults"); given != "" && given != "0" {
		var err error
		if limit, err = pageSize(req, 1<<30); err != nil {
			return err
		}
		limit = min(limit, maxSQLPage)
	}
	presented := req.query.Get("pageToken")
	after, err := parsePageToken(req.call, presented)
	if err != nil {
		return err
	}
	filter, err := parseSQLFilter(req.query.Get("filter"))
	if err != nil {
		return err
	}
	all, err := req.cloud.SQLInstances(req.project.ID)
	if err != nil {
		return err
	}
	_, lost := splitReachable(req, regions)
	d.object("")
	d.word("kind", "sql#instancesList")
	d.array("items")
	count, last, honest := 0, "", ""
	for i := range all {
		instance := &all[i]
		if instance.Name <= after.zone || slices.Contains(lost, instance.Region) || req.faults.Has(cloudsim.Empty) ||
			req.faults.LeavesOut(instance.Name) || !filter.match(instance) {
			continue
		}
		if count == limit {
			honest = pageToken(req.call, position{zone: last})
			break
		}
		d.sqlInstance(req, instance)
		last = instance.Name
		count++
	}
	d.endArray()
	if len(lost) > 0 {
		d.array("warnings")
		for _, region := range lost {
			d.object("")
			d.word("code", "REGION_UNREACHABLE")
			d.word("message", "The region ", region, " is not reachable. The returned result set may be incomplete.")
			d.word("region", region)
			d.endObject()
		}
		d.endArray()
	}
	d.nextPage(req, presented, honest, pageToken(req.call, after))
	d.endObject()
	return nil
}

func getSQL(req *request, d *document) error {
	instance, err := req.cloud.SQLInstance(req.project.ID, req.http.PathValue("instance"))
	if err != nil {
		return err
	}
	d.sqlInstance(req, &instance)
	return nil
}

// patchSQL changes the activation policy: NEVER stops the instance, ALWAYS starts it.
func patchSQL(req *request, d *document) error {
	var asked struct {
		Settings struct {
			ActivationPolicy string `json:"activationPolicy"`
		} `json:"settings"`
	}
	name := req.http.PathValue("instance")
	if err := json.Unmarshal(req.body, &asked); err != nil {
		return fail(http.StatusBadRequest, "INVALID_ARGUMENT", "parseError", "Invalid JSON payload received.")
	}
	policy := asked.Settings.ActivationPolicy
	if policy != "ALWAYS" && policy != "NEVER" {
		return fail(http.StatusBadRequest, "INVALID_ARGUMENT", "invalid", "Invalid value at 'body.settings.activation_policy': %q", policy)
	}
	outcome, ends := req.outcome("")
	_, err := req.cloud.SetSQLActive(req.project.ID, name, policy == "ALWAYS", outcome)
	switch {
	case errors.Is(err, cloudsim.ErrReplica), errors.Is(err, cloudsim.ErrHasReplicas):
		return fail(http.StatusBadRequest, "INVALID_ARGUMENT", "invalidRequest", "Invalid request: the instance has replicas, or is one: it can't be stopped.")
	case errors.Is(err, cloudsim.ErrBusy):
		return fail(http.StatusConflict, "ABORTED", "operationInProgress", "Operation failed because another operation was already in progress. "+
			"Try your request after the current operation is complete.")
	case errors.Is(err, cloudsim.ErrWrongState):
		return fail(http.StatusConflict, "ABORTED", "invalidState", "The instance or operation is not in an appropriate state to handle the request.")
	case err != nil:
		return err
	}
	op, err := req.cloud.BeginOperation(req.project.ID, Operation{
		Kind: "UPDATE", Target: name, User: req.token.Principal, Linger: outcome.Linger, Failure: ends,
	})
	if err != nil {
		return err
	}
	d.sqlOperation(req, op)
	return nil
}

func getSQLOperation(req *request, d *document) error {
	op, err := req.cloud.Operation(req.project.ID, req.http.PathValue("operation"))
	if err == nil && op.Zone != "" {
		err = &cloudsim.ResourceError{Err: cloudsim.ErrNotFound, ID: op.Name}
	}
	if err != nil {
		return err
	}
	d.sqlOperation(req, op)
	return nil
}

// listSQLOperations lists the operations, optionally of one instance, newest first and without
// paging.
func listSQLOperations(req *request, d *document) error {
	ops, err := req.cloud.Operations(req.project.ID, "", req.query.Get("instance"))
	if err != nil {
		return err
	}
	d.object("")
	d.word("kind", "sql#operationsList")
	d.array("items")
	for _, op := range slices.Backward(ops) {
		d.sqlOperation(req, op)
	}
	d.endArray()
	d.endObject()
	return nil
}

// listTiers lists the machine types with their regions.
func listTiers(req *request, d *document) error {
	d.object("")
	d.word("kind", "sql#tiersList")
	d.array("items")
	for _, tier := range SQLTiers {
		d.object("")
		d.word("kind", "sql#tier")
		d.word("tier", tier)
		d.array("region")
		for _, region := range regions {
			d.item(region)
		}
		d.endArray()
		d.endObject()
	}
	d.endArray()
	d.endObject()
	return nil
}
