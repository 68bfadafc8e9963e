package gcp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"cloud.google.com/go/compute/apiv1/computepb"
	sqladmin "google.golang.org/api/sqladmin/v1"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Scopes returns the VMs of every selected zone and the databases of every selected region. If
// Compute Engine is disabled or forbidden, the VMs are one failed scope and Cloud SQL lists the
// regions.
func (s *session) Scopes(ctx context.Context) ([]provider.PlannedScope, error) {
	zones, err := s.listZones(ctx)
	failure, known := errors.AsType[*fault.Error](err)
	if err != nil && (!known || !concernsComputeAlone(failure)) {
		return nil, err
	}
	var regions []string
	if failure == nil {
		s.setZones(zones)
		regions = regionsOf(zones)
	} else if regions, err = s.sqlRegions(ctx); err != nil {
		return nil, failure // Neither service answers. The fault of Compute Engine stands for both.
	}
	var scopes []provider.PlannedScope
	if failure != nil {
		scopes = append(scopes, planned(cloud.VirtualMachine, provider.WholeKind, failure))
	}
	for _, zone := range zones {
		if s.isSelected(regionOf(zone)) {
			scopes = append(scopes, planned(cloud.VirtualMachine, zone, nil))
		}
	}
	for _, region := range regions {
		if s.isSelected(region) {
			scopes = append(scopes, planned(cloud.Database, region, nil))
		}
	}
	return append(scopes, s.unknownRegions(regions, failure)...), nil
}

func (s *session) setZones(zones []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zones = make(map[string]bool, len(zones))
	for _, zone := range zones {
		s.zones[zone] = true
	}
}

// concernsComputeAlone reports whether Cloud SQL may still answer: Compute Engine is disabled or
// forbidden, but the credentials are valid.
func concernsComputeAlone(f *fault.Error) bool {
	return f.Reason == fault.ReasonAPIDisabled || f.Reason == fault.ReasonPermissionDenied
}

// unknownRegions returns failed scopes for the regions that the account selects and that do not
// exist. compute is the fault of Compute Engine, whose VMs have a failed scope already.
func (s *session) unknownRegions(regions []string, compute *fault.Error) []provider.PlannedScope {
	var scopes []provider.PlannedScope
	for _, region := range slices.Compact(slices.Sorted(slices.Values(s.account.Regions))) {
		if slices.Contains(regions, region) {
			continue
		}
		failure := fault.ForReason(fault.ReasonAPIDisabled,
			fmt.Sprintf("the project has no region %s", region),
			fmt.Sprintf("Remove %s from the account's regions, or correct its name.", region), nil)
		if compute == nil {
			scopes = append(scopes, planned(cloud.VirtualMachine, region, failure))
		}
		scopes = append(scopes, planned(cloud.Database, region, failure))
	}
	return scopes
}

func planned(kind cloud.Kind, location string, failure *fault.Error) provider.PlannedScope {
	return provider.PlannedScope{ScopeID: provider.ScopeID{Kind: kind, Location: location}, Failure: failure}
}

// listZones returns the names of all zones, sorted. If the list of zones is forbidden, or the
// server has none, it takes them from the list of VMs, which names all zones on each page.
func (s *session) listZones(ctx context.Context) ([]string, error) {
	c := machineCall(zonesList, "")
	c.first = true
	names := map[string]bool{}
	err := eachPage(ctx, c, func(ctx context.Context, token string) (*computepb.ZoneList, string, error) {
		page, err := attempt(ctx, s, nil, c, func(ctx context.Context) (*computepb.ZoneList, error) {
			page, err := s.zonesPage(ctx, maxPage, token)
			if err == nil && page.GetKind() != "compute#zoneList" && page.GetItems() == nil {
				err = &unexpectedAnswerError{"list of zones", page.GetKind()}
			}
			return page, err
		})
		return page, page.GetNextPageToken(), err
	}, func(page *computepb.ZoneList) error {
		for _, zone := range page.GetItems() {
			names[zone.GetName()] = true
		}
		return nil
	})
	failure, _ := errors.AsType[*fault.Error](err)
	switch {
	case failure != nil && (failure.Reason == fault.ReasonPermissionDenied || failure.Reason == fault.ReasonInternal):
		if names, err = s.zonesOfMachines(ctx); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	}
	delete(names, "")
	if len(names) == 0 {
		return nil, invalidAnswer("Compute Engine listed no zones")
	}
	return slices.Sorted(maps.Keys(names)), nil
}

// zonesPage fetches one page of the list of zones.
func (s *session) zonesPage(ctx context.Context, size uint32, token string) (*computepb.ZoneList, error) {
	client, err := s.zonesClient(ctx, zonesList)
	if err != nil {
		return nil, err
	}
	pages := client.List(ctx, &computepb.ListZonesRequest{Project: s.project, MaxResults: proto.Uint32(size), PageToken: optional(token)})
	_, err = pages.Next()
	return firstPage[*computepb.ZoneList](pages.Response, err)
}

// zonesOfMachines returns the zones that the list of all VMs names.
func (s *session) zonesOfMachines(ctx context.Context) (map[string]bool, error) {
	names := map[string]bool{}
	err := s.eachAggregatedPage(ctx, "", nil, func(page *computepb.InstanceAggregatedList) error {
		for scope := range page.GetItems() {
			names[zoneIn(scope)] = true
		}
		for _, scope := range page.GetUnreachables() {
			names[zoneIn(scope)] = true
		}
		return nil
	})
	return names, err
}

// sqlRegions returns the regions of Cloud SQL, for a project whose zones can't be listed: the
// regions of its machine types, or else those of the databases that exist.
func (s *session) sqlRegions(ctx context.Context) ([]string, error) {
	c := databaseCall("cloudsql.instances.list", "")
	names := map[string]bool{}
	tiers, err := attempt(ctx, s, nil, c, func(ctx context.Context) (*sqladmin.TiersListResponse, error) {
		return answered(s.sql.Tiers.List(s.project).Context(ctx).Do())
	})
	if err == nil {
		for _, tier := range tiers.Items {
			if tier == nil {
				continue
			}
			for _, region := range tier.Region {
				names[region] = true
			}
		}
	}
	if len(names) == 0 {
		err := s.eachDatabasePage(ctx, c, "", nil, func(page *sqladmin.InstancesListResponse) error {
			for _, instance := range page.Items {
				if instance != nil {
					names[instance.Region] = true
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	delete(names, "")
	return slices.Sorted(maps.Keys(names)), nil
}
