package gcp

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
)

// probeMachines lists the VMs of a zone with these ids. Names may change, ids do not.
func (s *session) probeMachines(
	ctx context.Context, zone string, wanted []provider.Wanted, probe *providerkit.Probe, calls provider.Calls,
) error {
	filters := make([]string, len(wanted))
	for i := range wanted {
		filters[i] = "(id = " + wanted[i].ProviderID + ")"
	}
	return s.eachZonePage(ctx, zone, strings.Join(filters, " OR "), calls, func(page *computepb.InstanceList) error {
		if warning := page.GetWarning(); isIncomplete(warning) {
			return errZoneUnreachable(zone, warning.GetCode(), warning.GetMessage())
		}
		instances, err := s.machines(zone, page.GetItems())
		if err != nil {
			return err
		}
		for i := range instances {
			probe.RecordFound(instances[i])
		}
		return nil
	})
}

// probeMachine asks for one VM that a list omitted: by its name, and by its id if another VM has
// that name now. An answer that proves nothing leaves the evidence of the list.
func (s *session) probeMachine(ctx context.Context, zone string, wanted provider.Wanted, probe *providerkit.Probe, calls provider.Calls) error {
	found, err := s.getMachine(ctx, zone, cmp.Or(wanted.DisplayName, wanted.ProviderID), calls)
	if err == nil && strconv.FormatUint(found.GetId(), 10) != wanted.ProviderID {
		found, err = s.getMachine(ctx, zone, wanted.ProviderID, calls)
	}
	switch {
	case err == nil:
		probe.RecordFound(machine(found, s.project, zone))
	case isAbsent(err, "notFound"):
		probe.RecordEvidence(wanted.ProviderID, provider.NotFound)
	}
	return errorForAll(err)
}
