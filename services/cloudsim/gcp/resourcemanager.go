package gcp

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// resourceEndpoints are the methods of Resource Manager, in both of its versions.
var resourceEndpoints = map[string]endpoint{
	"GET /v1/projects/{project}":  {service: "cloudresourcemanager", action: "projects.get", permission: "resourcemanager.projects.get", handle: describeProject},
	"GET /v3/projects/{project}":  {service: "cloudresourcemanager", action: "projects.get", permission: "resourcemanager.projects.get", handle: describeProject},
	"POST /v1/projects/{project}": {service: "cloudresourcemanager", action: "projects.testIamPermissions", handle: testPermissions},
	"POST /v3/projects/{project}": {service: "cloudresourcemanager", action: "projects.testIamPermissions", handle: testPermissions},
}

// testVerb follows the project in the path.
const testVerb = ":testIamPermissions"

// describeProject writes a project in the format of the requested API version.
func describeProject(req *request, d *document) error {
	number := strconv.FormatUint(req.project.Number, 10)
	d.object("")
	if strings.HasPrefix(req.http.URL.Path, "/v3/") {
		d.word("name", "projects/", number)
		d.word("parent", "organizations/1")
		d.word("projectId", req.project.ID)
		d.word("state", "ACTIVE")
		d.text("displayName", req.project.Name)
	} else {
		d.word("projectNumber", number)
		d.word("projectId", req.project.ID)
		d.word("lifecycleState", "ACTIVE")
		d.text("name", req.project.Name)
	}
	d.utc("createTime", req.project.Created)
	d.endObject()
	return nil
}

// testPermissions writes which of the requested permissions the caller has. It requires no
// permission itself.
func testPermissions(req *request, d *document) error {
	if !strings.HasSuffix(req.http.PathValue("project"), testVerb) {
		return fail(http.StatusNotFound, "NOT_FOUND", "notFound", "Method not found.")
	}
	var asked struct {
		Permissions []string `json:"permissions"`
	}
	if err := json.Unmarshal(req.body, &asked); err != nil {
		return invalid("Invalid JSON payload received.")
	}
	if len(asked.Permissions) > 100 {
		return invalid("No more than 100 permissions can be tested at once.")
	}
	d.object("")
	d.array("permissions")
	for _, permission := range asked.Permissions {
		if req.cloud.PermittedIn(req.project.ID, req.token.Principal, permission) {
			d.next()
			d.quote(permission)
		}
	}
	d.endArray()
	d.endObject()
	return nil
}
