package gcp

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
)

// findMachines lists those VMs of a zone that have the ids. VMs can be given
// other names; ids stay.
func (s *session) findMachines(
	ctx context.Context, zone string, wanted []provider.Wanted, answers *providerkit.Probe, calls provider.Calls,
) error {
	filters := make([]string, len(wanted))
	for i := range wanted {
		filters[i] = "(id = " + wanted[i].ProviderID + ")"
	}
	return s.zonePages(ctx, zone, strings.Join(filters, " OR "), calls, func(page *computepb.InstanceList) error {
		if warning := page.GetWarning(); warning != nil && warning.GetCode() != noResults {
			return lostZone(zone, warning.GetCode(), warning.GetMessage())
		}
		instances, err := s.machines(zone, page.GetItems())
		if err != nil {
			return err
		}
		for i := range instances {
			answers.RecordFound(instances[i])
		}
		return nil
	})
}

// findMachine asks for one VM that a list lacked, by its name; and by its id where
// the name belongs to another by now, for VMs can be given other names. Without a
// clear answer it stays with what the list said.
func (s *session) findMachine(ctx context.Context, zone string, wanted provider.Wanted, answers *providerkit.Probe, calls provider.Calls) error {
	found, err := s.getMachine(ctx, zone, cmp.Or(wanted.DisplayName, wanted.ProviderID), calls)
	if err == nil && strconv.FormatUint(found.GetId(), 10) != wanted.ProviderID {
		found, err = s.getMachine(ctx, zone, wanted.ProviderID, calls)
	}
	switch {
	case err == nil:
		answers.RecordFound(machine(found, s.project, zone))
	case isNone(err, "notFound"):
		answers.RecordEvidence(wanted.ProviderID, provider.NotFound)
	}
	return trouble(err)
}

// getMachine gets one VM, by its name or its id.
func (s *session) getMachine(ctx context.Context, zone, name string, calls provider.Calls) (*computepb.Instance, error) {
	return attempt(ctx, s, calls, machineCall(instancesGet, zone), func(ctx context.Context) (*computepb.Instance, error) {
		client, err := s.instances(ctx, instancesGet, s.reading)
		if err != nil {
			return nil, err
		}
		found, err := client.Get(ctx, &computepb.GetInstanceRequest{Project: s.project, Zone: zone, Instance: name})
		if err == nil && found.GetId() == 0 {
			err = &oddAnswerError{"VM", found.GetKind()}
		}
		return found, err
	})
}

// zonePages follows the pages of the list of one zone's VMs.
func (s *session) zonePages(ctx context.Context, zone, filter string, count counter, use func(*computepb.InstanceList) error) error {
	at := machineCall(instancesList, zone)
	return eachPage(ctx, at, func(ctx context.Context, token string) (*computepb.InstanceList, string, error) {
		page, err := attempt(ctx, s, count, at, func(ctx context.Context) (*computepb.InstanceList, error) {
			client, err := s.instances(ctx, instancesList, s.reading)
			if err != nil {
				return nil, err
			}
			pages := client.List(ctx, &computepb.ListInstancesRequest{
				Project: s.project, Zone: zone, Filter: optional(filter),
				MaxResults: proto.Uint32(s.provider.config.PageSize), PageToken: optional(token),
			})
			_, err = pages.Next()
			page, err := firstPage[*computepb.InstanceList](pages.Response, err)
			if err == nil && page.GetKind() != "compute#instanceList" && page.GetItems() == nil {
				err = &oddAnswerError{"list of VMs", page.GetKind()}
			}
			return page, err
		})
		return page, page.GetNextPageToken(), err
	}, use)
}
