package gcp

import (
	"context"
	"fmt"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// machineCall describes a call of a method of Compute Engine about a zone, or about all if it is empty.
func machineCall(m method, zone string) call {
	return call{service: "Compute Engine", place: zone, api: computeAPI, permission: m.permission}
}

// aggregated follows the pages of the list of all VMs, or of those that match a filter.
func (s *session) aggregated(ctx context.Context, filter string, count counter, use func(*computepb.InstanceAggregatedList) error) error {
	at := machineCall(instancesAggregatedList, "")
	return eachPage(ctx, at, func(ctx context.Context, token string) (*computepb.InstanceAggregatedList, string, error) {
		page, err := attempt(ctx, s, count, at, func(ctx context.Context) (*computepb.InstanceAggregatedList, error) {
			return s.aggregatedPage(ctx, &computepb.AggregatedListInstancesRequest{
				Project: s.project, Filter: optional(filter), MaxResults: proto.Uint32(s.provider.config.PageSize), PageToken: optional(token),
			})
		})
		return page, page.GetNextPageToken(), err
	}, use)
}

// aggregatedPage gets one page of the list of VMs.
func (s *session) aggregatedPage(ctx context.Context, request *computepb.AggregatedListInstancesRequest) (*computepb.InstanceAggregatedList, error) {
	client, err := s.instances(ctx, instancesAggregatedList, s.reading)
	if err != nil {
		return nil, err
	}
	pages := client.AggregatedList(ctx, request)
	_, err = pages.Next()
	page, err := firstPage[*computepb.InstanceAggregatedList](pages.Response, err)
	if err == nil && page.GetKind() != "compute#instanceAggregatedList" && page.GetItems() == nil {
		err = &oddAnswerError{"list of VMs", page.GetKind()}
	}
	return page, err
}

// optional returns a parameter of a request, which has none if it is empty.
func optional(value string) *string {
	if value == "" {
		return nil
	}
	return &value
}

// readMachines lists the VMs of all wanted zones.
func (s *session) readMachines(ctx context.Context, sink provider.BatchSink) error {
	return s.aggregated(ctx, "", sink, func(page *computepb.InstanceAggregatedList) error {
		if err := s.takeLost(page, sink.Fail); err != nil {
			return err
		}
		for name, scoped := range page.GetItems() {
			zone := zoneIn(name)
			if zone == "" || !s.wants(regionOf(zone)) {
				continue
			}
			scope := provider.ScopeID{Kind: cloud.VirtualMachine, Location: zone}
			if warning := scoped.GetWarning(); warning != nil && warning.GetCode() != noResults {
				sink.Fail(scope, lostZone(zone, warning.GetCode(), warning.GetMessage()))
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

// noResults is the warning of a zone that has nothing on a page, which says
// nothing of the zone.
const noResults = "NO_RESULTS_ON_PAGE"

// takeLost fails the zones that a page says could not be reached. When it does
// not say which, all are in doubt.
func (s *session) takeLost(page *computepb.InstanceAggregatedList, fail func(provider.ScopeID, *fault.Error)) error {
	for _, place := range page.GetUnreachables() {
		zone := zoneIn(place)
		if zone == "" {
			return unknownLost(shorten(place))
		}
		if s.wants(regionOf(zone)) {
			fail(provider.ScopeID{Kind: cloud.VirtualMachine, Location: zone}, lostZone(zone, "UNREACHABLE", ""))
		}
	}
	// UNREACHABLE, PARTIAL_SUCCESS, or a word that is new to us.
	if warning := page.GetWarning(); warning != nil && warning.GetCode() != noResults && len(page.GetUnreachables()) == 0 {
		return unknownLost(shorten(warning.GetCode() + " " + warning.GetMessage()))
	}
	return nil
}

func unknownLost(what string) *fault.Error {
	return fault.ForReason(fault.ReasonUnreachable, "Compute Engine could not reach all zones, and does not say which: "+what,
		machineCall(instancesAggregatedList, "").remedy(fault.ReasonUnreachable, nil, ""), nil)
}

// lostZone is the failure of a zone that the list could not reach.
func lostZone(zone, code, message string) *fault.Error {
	text := fmt.Sprintf("Compute Engine could not reach %s (%s)", zone, shorten(code))
	if message != "" {
		text += ": " + shorten(message)
	}
	return fault.ForReason(fault.ReasonUnreachable, text, machineCall(instancesList, zone).remedy(fault.ReasonUnreachable, nil, ""), nil)
}

// readZone lists the VMs of one zone.
func (s *session) readZone(ctx context.Context, zone string, sink provider.Sink) error {
	return s.zonePages(ctx, zone, "", sink, func(page *computepb.InstanceList) error {
		if warning := page.GetWarning(); warning != nil && warning.GetCode() != noResults {
			return lostZone(zone, warning.GetCode(), warning.GetMessage())
		}
		instances, err := s.machines(zone, page.GetItems())
		if err != nil {
			return err
		}
		return sink.Page(ctx, instances)
	})
}

// machines are VMs of one zone on one page.
func (s *session) machines(zone string, page []*computepb.Instance) ([]provider.Instance, error) {
	instances := make([]provider.Instance, 0, len(page))
	for _, i := range page {
		if i.GetId() == 0 {
			return nil, nonsense("Compute Engine in " + zone + " sent a VM without an id")
		}
		instances = append(instances, machine(i, s.project, zone))
	}
	return instances, nil
}
