package gcp

import (
	"context"

	"google.golang.org/api/compute/v1"
	"google.golang.org/api/googleapi"
	sqladmin "google.golang.org/api/sqladmin/v1"

	"github.com/rollcall-dev/rollcall/services/discovery"
)

// Principal is the service account that the credentials are of; "" when they do
// not say.
func (s *session) Principal() string { return s.signIn.principal }

// Permissions tries every permission that is used to read a project. The zones
// are in the list of VMs too, so their own list can be done without.
func (s *session) Permissions(ctx context.Context) []discovery.Permission {
	list := machineCall("")
	_, err := attempt(ctx, s, nil, list, func(ctx context.Context) (*compute.InstanceAggregatedList, error) {
		return s.compute.Instances.AggregatedList(s.project).MaxResults(1).Context(ctx).Do(googleapi.QueryParameter("returnPartialSuccess", "true"))
	})
	machines := discovery.TriedPermission(list.permission, "", err)

	zones := call{service: "Compute Engine", api: computeAPI, permission: "compute.zones.list"}
	_, err = attempt(ctx, s, nil, zones, func(ctx context.Context) (*compute.ZoneList, error) {
		return s.compute.Zones.List(s.project).MaxResults(1).Context(ctx).Do()
	})
	zone := discovery.TriedPermission(zones.permission, "", err)
	zone.Optional = true

	databases := call{service: "Cloud SQL", api: sqlAPI, permission: "cloudsql.instances.list"}
	_, err = attempt(ctx, s, nil, databases, func(ctx context.Context) (*sqladmin.InstancesListResponse, error) {
		return s.sqlPage(ctx, "", "")
	})
	return []discovery.Permission{machines, zone, discovery.TriedPermission(databases.permission, "", err)}
}
