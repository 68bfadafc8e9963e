package gcp

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"sync"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/api/googleapi"
	sqladmin "google.golang.org/api/sqladmin/v1"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Principal is the service account that the credentials are of; "" when they do
// not say.
func (s *session) Principal() string { return s.signIn.principal }

// Permissions tries every permission that Rollcall uses in a project. The zones
// are in the list of VMs too, so their own list can be done without.
func (s *session) Permissions(ctx context.Context) []provider.Permission {
	var machines, databases []provider.Permission
	var all sync.WaitGroup
	all.Go(func() { machines = s.tryMachines(ctx) })
	all.Go(func() { databases = s.tryDatabases(ctx) })
	all.Wait()
	return append(machines, databases...)
}

// try makes one call for the sake of its permission.
func (s *session) try(ctx context.Context, at call, do func(context.Context) error) provider.Permission {
	_, err := attempt(ctx, s, nil, at, func(ctx context.Context) (struct{}, error) { return struct{}{}, do(ctx) })
	tried := provider.TriedPermission(at.permission, "", err)
	tried.Optional = at.optional
	return tried
}

// nobody is the name of an instance that there is not: chance alone could name
// one that there is, with 130 bits against it.
func nobody() string { return "rollcall-verify-" + strings.ToLower(rand.Text()) }

// tryMachines tries Compute Engine's.
func (s *session) tryMachines(ctx context.Context) []provider.Permission {
	zone := ""
	listed := s.try(ctx, machineCall(instancesAggregatedList, ""), func(ctx context.Context) error {
		page, err := s.aggregatedPage(ctx, &computepb.AggregatedListInstancesRequest{Project: s.project, MaxResults: proto.Uint32(1)})
		if err != nil {
			return err
		}
		for scope := range page.GetItems() {
			if found := zoneIn(scope); found != "" {
				zone = found
			}
		}
		return nil
	})
	zoned := s.try(ctx, machineCall(zonesList, ""), func(ctx context.Context) error {
		page, err := s.zonesPage(ctx, 1, "")
		if items := page.GetItems(); err == nil && len(items) > 0 {
			zone = items[0].GetName()
		}
		return err
	})
	zoned.Optional = true
	tried := []provider.Permission{listed, zoned}
	if zone == "" { // Why none is known is told of the lists.
		return tried
	}
	return append(tried, s.tryMachineCalls(ctx, zone)...)
}

// tryMachineCalls tries what is done with single VMs, on one that there is not:
// who may do it is told so, and who may not is refused first.
func (s *session) tryMachineCalls(ctx context.Context, zone string) []provider.Permission {
	name := nobody()
	tries := []struct {
		method   method
		optional bool
		do       func(ctx context.Context, m method) error
	}{
		{instancesGet, false, func(ctx context.Context, m method) error {
			client, err := s.instances(ctx, m, s.reading)
			if err == nil {
				_, err = client.Get(ctx, &computepb.GetInstanceRequest{Project: s.project, Zone: zone, Instance: name})
			}
			return err
		}},
		{instancesStart, true, func(ctx context.Context, m method) error {
			client, err := s.instances(ctx, m, s.reading)
			if err == nil {
				_, err = client.Start(ctx, &computepb.StartInstanceRequest{Project: s.project, Zone: zone, Instance: name})
			}
			return err
		}},
		{instancesStop, true, func(ctx context.Context, m method) error {
			client, err := s.instances(ctx, m, s.reading)
			if err == nil {
				_, err = client.Stop(ctx, &computepb.StopInstanceRequest{Project: s.project, Zone: zone, Instance: name})
			}
			return err
		}},
		{instancesResume, true, func(ctx context.Context, m method) error {
			client, err := s.instances(ctx, m, s.reading)
			if err == nil {
				_, err = client.Resume(ctx, &computepb.ResumeInstanceRequest{Project: s.project, Zone: zone, Instance: name})
			}
			return err
		}},
		{zoneOperationsList, true, func(ctx context.Context, _ method) error {
			_, err := s.operationsPage(ctx, &computepb.ListZoneOperationsRequest{Project: s.project, Zone: zone, MaxResults: proto.Uint32(1)})
			return err
		}},
		{zoneOperationsGet, true, func(ctx context.Context, m method) error {
			client, err := s.zoneOperations(ctx, m)
			if err == nil {
				_, err = client.Get(ctx, &computepb.GetZoneOperationRequest{Project: s.project, Zone: zone, Operation: name})
			}
			return err
		}},
	}
	tried := make([]provider.Permission, len(tries))
	var all sync.WaitGroup
	for i, try := range tries {
		all.Go(func() {
			at := machineCall(try.method, zone)
			at.optional = try.optional
			tried[i] = s.try(ctx, at, func(ctx context.Context) error {
				if err := try.do(ctx, try.method); !isMissing(err) {
					return err
				}
				return nil
			})
		})
	}
	all.Wait()
	return tried
}

// tryDatabases tries Cloud SQL's.
func (s *session) tryDatabases(ctx context.Context) []provider.Permission {
	known := ""
	listed := s.try(ctx, sqlCall("cloudsql.instances.list", false), func(ctx context.Context) error {
		page, err := s.sqlPage(ctx, "", "")
		if err == nil && len(page.Items) > 0 && page.Items[0] != nil {
			known = page.Items[0].Name
		}
		return err
	})
	asked := s.trySQL(ctx, sqlCall("cloudsql.instances.get", false), known != "", func(ctx context.Context) error {
		name := known
		if name == "" {
			name = nobody()
		}
		_, err := got(s.sql.Instances.Get(s.project, name).Context(ctx).Do())
		return err
	})
	updated := s.trySQL(ctx, sqlCall("cloudsql.instances.update", true), false, func(ctx context.Context) error {
		_, err := got(s.sql.Instances.Patch(s.project, nobody(), &sqladmin.DatabaseInstance{
			Settings: &sqladmin.Settings{ActivationPolicy: "ALWAYS"},
		}).Context(ctx).Do())
		return err
	})
	return []provider.Permission{listed, asked, updated}
}

func sqlCall(permission string, optional bool) call {
	return call{service: "Cloud SQL", api: sqlAPI, permission: permission, optional: optional}
}

// trySQL tries a permission on one database. Of one that there is not, Cloud SQL
// may say that it is forbidden, also to who may do it: that tells nothing.
func (s *session) trySQL(ctx context.Context, at call, exists bool, do func(context.Context) error) provider.Permission {
	tried := s.try(ctx, at, func(ctx context.Context) error {
		if err := do(ctx); !isMissing(err) {
			return err
		}
		return nil
	})
	if tried.Status == provider.Lack && !exists {
		tried.Status, tried.Optional = provider.CantTell, true // Without a database nothing needs it.
		tried.Failure = fault.ForReason(fault.ReasonInternal,
			at.permission+" can't be tried without changing a database: Cloud SQL says of one that is not there that it is forbidden",
			"Nothing, if the role of the setup guide is granted.", tried.Failure)
	}
	return tried
}

// isMissing tells the answer that there is no such instance from all others.
func isMissing(err error) bool {
	api, ok := errors.AsType[*googleapi.Error](err)
	return ok && api.Code == http.StatusNotFound && (hasReason(api, "notFound") || hasReason(api, "instanceDoesNotExist"))
}
