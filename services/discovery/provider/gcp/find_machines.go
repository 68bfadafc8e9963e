package gcp

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"google.golang.org/api/compute/v1"
	"google.golang.org/api/googleapi"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// findMachines lists those VMs of a zone that have the ids. VMs can be given
// other names; ids stay.
func (s *session) findMachines(
	ctx context.Context, zone string, wanted []provider.Wanted, answers *provider.Answers, calls provider.Calls,
) error {
	filters := make([]string, len(wanted))
	for i := range wanted {
		filters[i] = "(id = " + wanted[i].ProviderID + ")"
	}
	return s.zonePages(ctx, zone, strings.Join(filters, " OR "), calls, func(page *compute.InstanceList) error {
		if warning := page.Warning; warning != nil && warning.Code != noResults {
			return lostZone(zone, warning.Code, warning.Message)
		}
		instances, err := s.machines(zone, page.Items)
		if err != nil {
			return err
		}
		for i := range instances {
			answers.Found(instances[i])
		}
		return nil
	})
}

// findMachine asks for one VM that a list lacked, by its name; and by its id where
// the name belongs to another by now, for VMs can be given other names. Without a
// clear answer it stays with what the list said.
func (s *session) findMachine(ctx context.Context, zone string, wanted provider.Wanted, answers *provider.Answers, calls provider.Calls) error {
	found, err := s.getMachine(ctx, zone, cmp.Or(wanted.DisplayName, wanted.ProviderID), calls)
	if err == nil && strconv.FormatUint(found.Id, 10) != wanted.ProviderID {
		found, err = s.getMachine(ctx, zone, wanted.ProviderID, calls)
	}
	switch {
	case err == nil:
		answers.Found(machine(found, s.project, zone))
	case isNone(err, "notFound"):
		answers.Say(wanted.ProviderID, provider.NotFound)
	}
	return trouble(err)
}

// getMachine gets one VM, by its name or its id.
func (s *session) getMachine(ctx context.Context, zone, name string, calls provider.Calls) (*compute.Instance, error) {
	at := machineCall(zone)
	at.permission = "compute.instances.get"
	return attempt(ctx, s, calls, at, func(ctx context.Context) (*compute.Instance, error) {
		found, err := got(s.compute.Instances.Get(s.project, zone, name).Context(ctx).Do())
		if err == nil && found.Id == 0 {
			err = &oddAnswerError{"VM", found.Kind}
		}
		return found, err
	})
}

// zonePages follows the pages of the list of one zone's VMs.
func (s *session) zonePages(ctx context.Context, zone, filter string, count counter, use func(*compute.InstanceList) error) error {
	at := machineCall(zone)
	return eachPage(ctx, at, func(ctx context.Context, token string) (*compute.InstanceList, string, error) {
		page, err := attempt(ctx, s, count, at, func(ctx context.Context) (*compute.InstanceList, error) {
			request := s.compute.Instances.List(s.project, zone).Fields(zoneFields).
				MaxResults(s.provider.config.PageSize).PageToken(token)
			if filter != "" {
				request = request.Filter(filter)
			}
			page, err := got(request.Context(ctx).Do(googleapi.QueryParameter("returnPartialSuccess", "true")))
			if err == nil && page.Kind != "compute#instanceList" && page.Items == nil {
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
