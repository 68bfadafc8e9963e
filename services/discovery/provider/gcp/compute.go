package gcp

import (
	"context"
	"fmt"

	"google.golang.org/api/compute/v1"
	"google.golang.org/api/googleapi"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

func machineCall(zone string) call {
	return call{service: "Compute Engine", place: zone, api: computeAPI, permission: "compute.instances.list"}
}

// What is asked for of a VM, and of a list of VMs: all that is looked at here, and
// no more. The rest would be half of what is sent and read. An answer with all
// of it, by one who knows no such choice, will do.
const (
	machineFields = "id,name,selfLink,status,machineType,labels,creationTimestamp,lastStartTimestamp,hostname," +
		"scheduling(preemptible,provisioningModel),metadata/items(key,value)," +
		"disks(type,boot,architecture,licenses,initializeParams/sourceImage)," +
		"networkInterfaces(network,subnetwork,networkIP,accessConfigs(natIP,externalIpv6)," +
		"ipv6AccessType,ipv6Address,ipv6AccessConfigs/externalIpv6)"
	warningFields                  = "warning(code,message)"
	listFields                     = "kind,nextPageToken," + warningFields
	zoneFields     googleapi.Field = listFields + ",items(" + machineFields + ")"
	allZonesFields googleapi.Field = listFields + ",unreachables,items/*(" + warningFields + ",instances(" + machineFields + "))"
)

// aggregated follows the pages of the list of all VMs, or of those that a filter
// lets through.
func (s *session) aggregated(ctx context.Context, filter string, count counter, use func(*compute.InstanceAggregatedList) error) error {
	at := machineCall("")
	return eachPage(ctx, at, func(ctx context.Context, token string) (*compute.InstanceAggregatedList, string, error) {
		page, err := attempt(ctx, s, count, at, func(ctx context.Context) (*compute.InstanceAggregatedList, error) {
			request := s.compute.Instances.AggregatedList(s.project).Fields(allZonesFields).
				MaxResults(s.provider.config.PageSize).PageToken(token)
			if filter != "" {
				request = request.Filter(filter)
			}
			// Without it one zone that is away fails the whole list. The client has no
			// method for it.
			page, err := got(request.Context(ctx).Do(googleapi.QueryParameter("returnPartialSuccess", "true")))
			if err == nil && page.Kind != "compute#instanceAggregatedList" && page.Items == nil {
				err = &oddAnswerError{"list of VMs", page.Kind}
			}
			return page, err
		})
		if err != nil {
			return nil, "", err
		}
		return page, page.NextPageToken, nil
	}, use)
}

// readMachines lists the VMs of all wanted zones.
func (s *session) readMachines(ctx context.Context, sink provider.BatchSink) error {
	return s.aggregated(ctx, "", sink, func(page *compute.InstanceAggregatedList) error {
		if err := s.takeLost(page, sink.Fail); err != nil {
			return err
		}
		for name := range page.Items {
			scoped := page.Items[name]
			zone := zoneIn(name)
			if zone == "" || !s.wants(regionOf(zone)) {
				continue
			}
			scope := provider.ScopeID{Kind: provider.VirtualMachine, Location: zone}
			if warning := scoped.Warning; warning != nil && warning.Code != noResults {
				sink.Fail(scope, lostZone(zone, warning.Code, warning.Message))
				continue
			}
			instances, err := s.machines(zone, scoped.Instances)
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
func (s *session) takeLost(page *compute.InstanceAggregatedList, fail func(provider.ScopeID, *fault.Error)) error {
	for _, place := range page.Unreachables {
		zone := zoneIn(place)
		if zone == "" {
			return unknownLost(shorten(place))
		}
		if s.wants(regionOf(zone)) {
			fail(provider.ScopeID{Kind: provider.VirtualMachine, Location: zone}, lostZone(zone, "UNREACHABLE", ""))
		}
	}
	// UNREACHABLE, PARTIAL_SUCCESS, or a word that is new to us.
	if warning := page.Warning; warning != nil && warning.Code != noResults && len(page.Unreachables) == 0 {
		return unknownLost(shorten(warning.Code + " " + warning.Message))
	}
	return nil
}

func unknownLost(what string) *fault.Error {
	return fault.ForReason(fault.ReasonUnreachable, "Compute Engine could not reach all zones, and does not say which: "+what,
		machineCall("").remedy(fault.ReasonUnreachable, nil, ""), nil)
}

// lostZone is the failure of a zone that the list could not reach.
func lostZone(zone, code, message string) *fault.Error {
	text := fmt.Sprintf("Compute Engine could not reach %s (%s)", zone, shorten(code))
	if message != "" {
		text += ": " + shorten(message)
	}
	return fault.ForReason(fault.ReasonUnreachable, text, machineCall(zone).remedy(fault.ReasonUnreachable, nil, ""), nil)
}

// readZone lists the VMs of one zone.
func (s *session) readZone(ctx context.Context, zone string, sink provider.Sink) error {
	return s.zonePages(ctx, zone, "", sink, func(page *compute.InstanceList) error {
		if warning := page.Warning; warning != nil && warning.Code != noResults {
			return lostZone(zone, warning.Code, warning.Message)
		}
		instances, err := s.machines(zone, page.Items)
		if err != nil {
			return err
		}
		return sink.Page(ctx, instances)
	})
}

// machines are VMs of one zone on one page.
func (s *session) machines(zone string, page []*compute.Instance) ([]provider.Instance, error) {
	instances := make([]provider.Instance, 0, len(page))
	for _, i := range page {
		if i == nil || i.Id == 0 {
			return nil, nonsense("Compute Engine in " + zone + " sent a VM without an id")
		}
		instances = append(instances, machine(i, s.project, zone))
	}
	return instances, nil
}
