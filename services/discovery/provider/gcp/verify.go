package gcp

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"

	"cloud.google.com/go/compute/apiv1/computepb"
	sqladmin "google.golang.org/api/sqladmin/v1"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Principal returns the service account of the credentials, or "" if they do not name it.
func (s *session) Principal() string { return s.signIn.principal }

// Permissions tries every permission that Rollcall uses in a project. The list of zones is optional,
// because the list of VMs names the zones too.
func (s *session) Permissions(ctx context.Context) []provider.Permission {
	var machines, databases []provider.Permission
	var all sync.WaitGroup
	all.Go(func() { machines = s.tryMachines(ctx) })
	all.Go(func() { databases = s.tryDatabases(ctx) })
	all.Wait()
	return append(machines, databases...)
}

// try makes a call to find out whether its permission was granted.
func (s *session) try(ctx context.Context, c call, do func(context.Context) error) provider.Permission {
	_, err := attempt(ctx, s, nil, c, func(ctx context.Context) (struct{}, error) { return struct{}{}, do(ctx) })
	tried := provider.TriedPermission(c.permission, "", err)
	tried.Optional = c.optional
	return tried
}

// tryOnMissing tries a permission with a call on an instance that does not exist: the API answers
// that it is absent only if the permission was granted.
func (s *session) tryOnMissing(ctx context.Context, c call, do func(context.Context) error) provider.Permission {
	return s.try(ctx, c, func(ctx context.Context) error {
		if err := do(ctx); !isAbsent(err, "notFound", "instanceDoesNotExist") {
			return err
		}
		return nil
	})
}

// missingName returns the name of an instance that does not exist. It has 130 random bits.
func missingName() string { return "rollcall-verify-" + strings.ToLower(rand.Text()) }

// tryMachines tries the permissions of Compute Engine.
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
	zonesListed := s.try(ctx, machineCall(zonesList, ""), func(ctx context.Context) error {
		page, err := s.zonesPage(ctx, 1, "")
		if items := page.GetItems(); err == nil && len(items) > 0 {
			zone = items[0].GetName()
		}
		return err
	})
	zonesListed.Optional = true
	tried := []provider.Permission{listed, zonesListed}
	if zone == "" { // The lists failed, and state why.
		return tried
	}
	return append(tried, s.tryOneMachine(ctx, zone)...)
}

// tryOneMachine tries the permissions for single VMs, with calls on a VM that does not exist.
func (s *session) tryOneMachine(ctx context.Context, zone string) []provider.Permission {
	name := missingName()
	tries := []struct {
		method   method
		optional bool
		do       func(ctx context.Context, m method) error
	}{
		{instancesGet, false, func(ctx context.Context, m method) error {
			client, err := s.instancesClient(ctx, m, s.reading)
			if err == nil {
				_, err = client.Get(ctx, &computepb.GetInstanceRequest{Project: s.project, Zone: zone, Instance: name})
			}
			return err
		}},
		{instancesStart, true, func(ctx context.Context, m method) error {
			client, err := s.instancesClient(ctx, m, s.reading)
			if err == nil {
				_, err = client.Start(ctx, &computepb.StartInstanceRequest{Project: s.project, Zone: zone, Instance: name})
			}
			return err
		}},
		{instancesStop, true, func(ctx context.Context, m method) error {
			client, err := s.instancesClient(ctx, m, s.reading)
			if err == nil {
				_, err = client.Stop(ctx, &computepb.StopInstanceRequest{Project: s.project, Zone: zone, Instance: name})
			}
			return err
		}},
		{instancesResume, true, func(ctx context.Context, m method) error {
			client, err := s.instancesClient(ctx, m, s.reading)
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
			client, err := s.zoneOperationsClient(ctx, m)
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
			c := machineCall(try.method, zone)
			c.optional = try.optional
			tried[i] = s.tryOnMissing(ctx, c, func(ctx context.Context) error { return try.do(ctx, try.method) })
		})
	}
	all.Wait()
	return tried
}

// tryDatabases tries the permissions of Cloud SQL.
func (s *session) tryDatabases(ctx context.Context) []provider.Permission {
	known := ""
	listed := s.try(ctx, databaseCall("cloudsql.instances.list", ""), func(ctx context.Context) error {
		page, err := s.databasePage(ctx, "", "")
		if err == nil && len(page.Items) > 0 && page.Items[0] != nil {
			known = page.Items[0].Name
		}
		return err
	})
	got := s.tryOneDatabase(ctx, databaseCall("cloudsql.instances.get", ""), known != "", func(ctx context.Context) error {
		name := known
		if name == "" {
			name = missingName()
		}
		_, err := answered(s.sql.Instances.Get(s.project, name).Context(ctx).Do())
		return err
	})
	update := databaseCall("cloudsql.instances.update", "")
	update.optional = true
	updated := s.tryOneDatabase(ctx, update, false, func(ctx context.Context) error {
		_, err := answered(s.sql.Instances.Patch(s.project, missingName(), &sqladmin.DatabaseInstance{
			Settings: &sqladmin.Settings{ActivationPolicy: always},
		}).Context(ctx).Do())
		return err
	})
	return []provider.Permission{listed, got, updated}
}

// tryOneDatabase tries a permission on one database. If the database does not exist, Cloud SQL may
// answer "forbidden" even if the permission was granted, which proves nothing.
func (s *session) tryOneDatabase(ctx context.Context, c call, exists bool, do func(context.Context) error) provider.Permission {
	tried := s.tryOnMissing(ctx, c, do)
	if tried.Status == provider.Lack && !exists {
		tried.Status, tried.Optional = provider.CantTell, true // Without a database nothing needs it.
		tried.Failure = fault.ForReason(fault.ReasonInternal,
			c.permission+" can't be tried without changing a database: Cloud SQL answers \"forbidden\" for a database that does not exist",
			"Nothing, if the role of the setup guide is granted.", tried.Failure)
	}
	return tried
}
