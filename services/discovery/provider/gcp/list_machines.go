package gcp

import (
	"context"
	"fmt"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// readMachines lists the VMs of all selected zones.
func (s *session) readMachines(ctx context.Context, sink provider.BatchSink) error {
	return s.eachAggregatedPage(ctx, "", sink, func(page *computepb.InstanceAggregatedList) error {
		if err := s.failUnreachable(page, sink.Fail); err != nil {
			return err
		}
		for name, scoped := range page.GetItems() {
			zone := zoneIn(name)
			if zone == "" || !s.isSelected(regionOf(zone)) {
				continue
			}
			scope := provider.ScopeID{Kind: cloud.VirtualMachine, Location: zone}
			if warning := scoped.GetWarning(); isIncomplete(warning) {
				sink.Fail(scope, errZoneUnreachable(zone, warning.GetCode(), warning.GetMessage()))
				continue
			}
			instances, err := s.machines(zone, scoped.GetInstances())
			if err != nil {
				sink.Fail(scope, provider.FaultOf(err))
				continue
			}
			if err := sink.Page(ctx, scope, instances); err != nil {
				return err
			}
		}
		return nil
	})
}

// readZone lists the VMs of one zone.
func (s *session) readZone(ctx context.Context, zone string, sink provider.Sink) error {
	return s.eachZonePage(ctx, zone, "", sink, func(page *computepb.InstanceList) error {
		if warning := page.GetWarning(); isIncomplete(warning) {
			return errZoneUnreachable(zone, warning.GetCode(), warning.GetMessage())
		}
		instances, err := s.machines(zone, page.GetItems())
		if err != nil {
			return err
		}
		return sink.Page(ctx, instances)
	})
}

// machines converts the VMs of one zone on one page.
func (s *session) machines(zone string, page []*computepb.Instance) ([]provider.Instance, error) {
	instances := make([]provider.Instance, 0, len(page))
	for _, i := range page {
		if i.GetId() == 0 {
			return nil, invalidAnswer("Compute Engine in " + zone + " listed a VM without an id")
		}
		instances = append(instances, machine(i, s.project, zone))
	}
	return instances, nil
}

// isIncomplete reports whether a warning of a list means that something is missing: it is
// UNREACHABLE, PARTIAL_SUCCESS or one that is unknown here. NO_RESULTS_ON_PAGE means that a zone has
// nothing on this page.
func isIncomplete(warning *computepb.Warning) bool {
	return warning != nil && warning.GetCode() != "NO_RESULTS_ON_PAGE"
}

// failUnreachable fails the zones that a page names as unreachable. If the page does not name them,
// it returns a fault for the whole list.
func (s *session) failUnreachable(page *computepb.InstanceAggregatedList, fail func(provider.ScopeID, *fault.Error)) error {
	for _, name := range page.GetUnreachables() {
		zone := zoneIn(name)
		if zone == "" {
			return errZonesUnreachable(name)
		}
		if s.isSelected(regionOf(zone)) {
			fail(provider.ScopeID{Kind: cloud.VirtualMachine, Location: zone}, errZoneUnreachable(zone, "UNREACHABLE", ""))
		}
	}
	if warning := page.GetWarning(); isIncomplete(warning) && len(page.GetUnreachables()) == 0 {
		return errZonesUnreachable(warning.GetCode() + " " + warning.GetMessage())
	}
	return nil
}

// errZonesUnreachable returns the fault of a list that omits zones without naming them.
func errZonesUnreachable(warning string) *fault.Error {
	return fault.ForReason(fault.ReasonUnreachable,
		"Compute Engine could not reach all zones and does not name those that it could not: "+providerkit.Shorten(warning),
		machineCall(instancesAggregatedList, "").remedy(fault.ReasonUnreachable, nil, ""), nil)
}

// errZoneUnreachable returns the fault of a zone that a list could not reach.
func errZoneUnreachable(zone, code, message string) *fault.Error {
	text := fmt.Sprintf("Compute Engine could not reach %s (%s)", zone, providerkit.Shorten(code))
	if message != "" {
		text += ": " + providerkit.Shorten(message)
	}
	return fault.ForReason(fault.ReasonUnreachable, text, machineCall(instancesList, zone).remedy(fault.ReasonUnreachable, nil, ""), nil)
}

// eachAggregatedPage reads the pages of the list of all VMs, or of those that match a filter.
func (s *session) eachAggregatedPage(ctx context.Context, filter string, calls provider.Calls, use func(*computepb.InstanceAggregatedList) error) error {
	c := machineCall(instancesAggregatedList, "")
	return eachPage(ctx, c, func(ctx context.Context, token string) (*computepb.InstanceAggregatedList, string, error) {
		page, err := attempt(ctx, s, calls, c, func(ctx context.Context) (*computepb.InstanceAggregatedList, error) {
			return s.aggregatedPage(ctx, &computepb.AggregatedListInstancesRequest{
				Project: s.project, Filter: optional(filter), MaxResults: proto.Uint32(s.provider.config.PageSize), PageToken: optional(token),
			})
		})
		return page, page.GetNextPageToken(), err
	}, use)
}

// aggregatedPage fetches one page of the list of all VMs.
func (s *session) aggregatedPage(ctx context.Context, request *computepb.AggregatedListInstancesRequest) (*computepb.InstanceAggregatedList, error) {
	client, err := s.instancesClient(ctx, instancesAggregatedList, s.reading)
	if err != nil {
		return nil, err
	}
	pages := client.AggregatedList(ctx, request)
	_, err = pages.Next()
	page, err := firstPage[*computepb.InstanceAggregatedList](pages.Response, err)
	if err == nil && page.GetKind() != "compute#instanceAggregatedList" && page.GetItems() == nil {
		err = &unexpectedAnswerError{"list of VMs", page.GetKind()}
	}
	return page, err
}

// eachZonePage reads the pages of the list of one zone's VMs, or of those that match a filter.
func (s *session) eachZonePage(ctx context.Context, zone, filter string, calls provider.Calls, use func(*computepb.InstanceList) error) error {
	c := machineCall(instancesList, zone)
	return eachPage(ctx, c, func(ctx context.Context, token string) (*computepb.InstanceList, string, error) {
		page, err := attempt(ctx, s, calls, c, func(ctx context.Context) (*computepb.InstanceList, error) {
			return s.zonePage(ctx, &computepb.ListInstancesRequest{
				Project: s.project, Zone: zone, Filter: optional(filter),
				MaxResults: proto.Uint32(s.provider.config.PageSize), PageToken: optional(token),
			})
		})
		return page, page.GetNextPageToken(), err
	}, use)
}

// zonePage fetches one page of the list of one zone's VMs.
func (s *session) zonePage(ctx context.Context, request *computepb.ListInstancesRequest) (*computepb.InstanceList, error) {
	client, err := s.instancesClient(ctx, instancesList, s.reading)
	if err != nil {
		return nil, err
	}
	pages := client.List(ctx, request)
	_, err = pages.Next()
	page, err := firstPage[*computepb.InstanceList](pages.Response, err)
	if err == nil && page.GetKind() != "compute#instanceList" && page.GetItems() == nil {
		err = &unexpectedAnswerError{"list of VMs", page.GetKind()}
	}
	return page, err
}

// getMachine fetches one VM by its name or its id.
func (s *session) getMachine(ctx context.Context, zone, name string, calls provider.Calls) (*computepb.Instance, error) {
	return attempt(ctx, s, calls, machineCall(instancesGet, zone), func(ctx context.Context) (*computepb.Instance, error) {
		client, err := s.instancesClient(ctx, instancesGet, s.reading)
		if err != nil {
			return nil, err
		}
		found, err := client.Get(ctx, &computepb.GetInstanceRequest{Project: s.project, Zone: zone, Instance: name})
		if err == nil && found.GetId() == 0 {
			err = &unexpectedAnswerError{"VM", found.GetKind()}
		}
		return found, err
	})
}

// optional returns a parameter of a request, or nil if it is empty.
func optional(value string) *string {
	if value == "" {
		return nil
	}
	return &value
}
