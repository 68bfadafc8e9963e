package gcp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cloud.google.com/go/compute/apiv1/computepb"
	sqladmin "google.golang.org/api/sqladmin/v1"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	cloudgcp "github.com/rollcall-dev/rollcall/services/internal/cloud/gcp"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// The APIs, as Google names them.
const (
	computeAPI = "compute.googleapis.com"
	sqlAPI     = "sqladmin.googleapis.com"
)

// Scopes are the VMs of every wanted zone and the databases of every wanted
// region.
func (s *session) Scopes(ctx context.Context) ([]provider.PlannedScope, error) {
	zones, err := s.zones(ctx)
	failure, known := errors.AsType[*fault.Error](err)
	if err != nil && (!known || !ofCompute(failure)) {
		return nil, err
	}
	var regions []string
	if failure == nil {
		s.know(zones)
		regions = regionsOf(zones)
	} else if regions, err = s.sqlRegions(ctx); err != nil {
		return nil, failure // Neither can be asked; Compute Engine's word stands for both.
	}
	var scopes []provider.PlannedScope
	if failure != nil {
		scopes = append(scopes, planned(cloud.VirtualMachine, provider.WholeKind, failure))
	}
	for _, zone := range zones {
		if s.wants(regionOf(zone)) {
			scopes = append(scopes, planned(cloud.VirtualMachine, zone, nil))
		}
	}
	for _, region := range regions {
		if s.wants(region) {
			scopes = append(scopes, planned(cloud.Database, region, nil))
		}
	}
	return append(scopes, s.missing(regions, failure)...), nil
}

// know remembers which zones there are.
func (s *session) know(zones []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = make(map[string]bool, len(zones))
	for _, zone := range zones {
		s.known[zone] = true
	}
}

// ofCompute tells whether a failure leaves Cloud SQL to be asked: the API is off
// or forbidden, while the credentials are good.
func ofCompute(f *fault.Error) bool {
	return f.Reason == fault.ReasonAPIDisabled || f.Reason == fault.ReasonPermissionDenied
}

// missing are the scopes of regions that are wanted and that there are not.
func (s *session) missing(regions []string, ofMachines *fault.Error) []provider.PlannedScope {
	var scopes []provider.PlannedScope
	for _, region := range slices.Compact(slices.Sorted(slices.Values(s.account.Regions))) {
		if slices.Contains(regions, region) {
			continue
		}
		failure := fault.ForReason(fault.ReasonAPIDisabled,
			fmt.Sprintf("there is no region %s for the project", region),
			fmt.Sprintf("Take %s off the account's regions, or mend its name.", region), nil)
		if ofMachines == nil {
			scopes = append(scopes, planned(cloud.VirtualMachine, region, failure))
		}
		scopes = append(scopes, planned(cloud.Database, region, failure))
	}
	return scopes
}

func planned(kind cloud.Kind, location string, failure *fault.Error) provider.PlannedScope {
	return provider.PlannedScope{ScopeID: provider.ScopeID{Kind: kind, Location: location}, Failure: failure}
}

// zones are the names of all zones, sorted. Who may list VMs and not zones learns
// them from the list of VMs, which names all zones on each page.
func (s *session) zones(ctx context.Context) ([]string, error) {
	at := machineCall(zonesList, "")
	at.first = true
	names := map[string]bool{}
	err := eachPage(ctx, at, func(ctx context.Context, token string) (*computepb.ZoneList, string, error) {
		page, err := attempt(ctx, s, nil, at, func(ctx context.Context) (*computepb.ZoneList, error) {
			page, err := s.zonesPage(ctx, maxPage, token)
			if err == nil && page.GetKind() != "compute#zoneList" && page.GetItems() == nil {
				err = &oddAnswerError{"list of zones", page.GetKind()}
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
		return nil, nonsense("Compute Engine names no zone")
	}
	return slices.Sorted(maps.Keys(names)), nil
}

// zonesPage gets one page of the list of zones.
func (s *session) zonesPage(ctx context.Context, size uint32, token string) (*computepb.ZoneList, error) {
	client, err := s.zoneList(ctx, zonesList)
	if err != nil {
		return nil, err
	}
	pages := client.List(ctx, &computepb.ListZonesRequest{Project: s.project, MaxResults: proto.Uint32(size), PageToken: optional(token)})
	_, err = pages.Next()
	return firstPage[*computepb.ZoneList](pages.Response, err)
}

// zonesOfMachines are the zones that a list of all VMs names.
func (s *session) zonesOfMachines(ctx context.Context) (map[string]bool, error) {
	names := map[string]bool{}
	err := s.aggregated(ctx, "", nil, func(page *computepb.InstanceAggregatedList) error {
		for scope := range page.GetItems() {
			names[zoneIn(scope)] = true
		}
		for _, place := range page.GetUnreachables() {
			names[zoneIn(place)] = true
		}
		return nil
	})
	return names, err
}

// sqlRegions are the regions that Cloud SQL has, for when Compute Engine can't be
// asked: those of its machine types, or else those of the databases there are.
func (s *session) sqlRegions(ctx context.Context) ([]string, error) {
	at := call{service: "Cloud SQL", api: sqlAPI, permission: "cloudsql.instances.list"}
	names := map[string]bool{}
	tiers, err := attempt(ctx, s, nil, at, func(ctx context.Context) (*sqladmin.TiersListResponse, error) {
		return got(s.sql.Tiers.List(s.project).Context(ctx).Do())
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
		err := s.sqlPages(ctx, at, "", nil, func(page *sqladmin.InstancesListResponse) error {
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

// described is the description of Google Cloud.
var described = cloudgcp.Descriptor()

// regionOf returns the region of a zone: europe-west1 of europe-west1-b.
func regionOf(zone string) string { return described.RegionOf(zone) }

// regionsOf are the regions of zones, sorted.
func regionsOf(zones []string) []string {
	names := map[string]bool{}
	for _, zone := range zones {
		names[regionOf(zone)] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// zoneIn is the zone that a scope or an address names: `zones/europe-west1-b`,
// `projects/p/zones/europe-west1-b`, `https://…/zones/europe-west1-b/…`; "" when
// it names none.
func zoneIn(text string) string { return partAfter(text, "zones") }

// partAfter is the part of a path that follows a collection.
func partAfter(path, collection string) string {
	rest := path
	for rest != "" {
		part, more, _ := strings.Cut(rest, "/")
		if part == collection {
			name, _, _ := strings.Cut(more, "/")
			return name
		}
		rest = more
	}
	return ""
}

// lastPart is the last part of a path.
func lastPart(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
