package gcp

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// The forms of Google Cloud's ids and URIs; see machine and database.
var (
	machineIDForm   = regexp.MustCompile(`^[0-9]{5,20}$`)
	connectionForm  = regexp.MustCompile(`^((?:[a-z0-9.-]+:)?[a-z0-9-]+):([a-z0-9-]+):([a-z0-9-]+)(?:@.+)?$`)
	machineURIForm  = regexp.MustCompile(`^(?:https://.+/|//compute\.googleapis\.com/)?projects/([^/]+)/zones/([^/]+)/instances/([^/]+)$`)
	databaseURIForm = regexp.MustCompile(`^(?:https://.+/|//cloudsql\.googleapis\.com/)?projects/([^/]+)/instances/([^/]+)$`)
)

// Recognizes returns the kind of the instance that an id or URI of Google Cloud belongs to.
func (p *Provider) Recognizes(providerID string) (cloud.Kind, bool) {
	switch {
	case machineIDForm.MatchString(providerID), machineURIForm.MatchString(providerID):
		return cloud.VirtualMachine, true
	case databaseURIForm.MatchString(providerID), connectionForm.MatchString(providerID) && !strings.HasPrefix(providerID, "arn:"):
		return cloud.Database, true
	}
	return "", false
}

// Locate searches the project for an instance by its id. A URI states the location itself.
func (s *session) Locate(ctx context.Context, hint provider.Hint, calls provider.Calls) (*provider.Located, error) {
	kind, known := s.provider.Recognizes(hint.ProviderID)
	if !known || hint.Kind != "" && hint.Kind != kind {
		return nil, nil
	}
	if m := machineURIForm.FindStringSubmatch(hint.ProviderID); m != nil {
		if m[1] != s.project || hint.Location != "" && hint.Location != m[2] || !s.isSelected(regionOf(m[2])) {
			return nil, nil
		}
		return s.locateMachine(ctx, m[2], m[3], calls)
	}
	if kind == cloud.VirtualMachine {
		return s.searchMachine(ctx, hint, calls)
	}
	project, name := s.project, ""
	if m := databaseURIForm.FindStringSubmatch(hint.ProviderID); m != nil {
		project, name = m[1], m[2]
	} else if m := connectionForm.FindStringSubmatch(hint.ProviderID); m != nil {
		project, name = m[1], m[3]
	}
	if project != s.project {
		return nil, nil
	}
	return s.locateDatabase(ctx, name, hint, calls)
}

// locateMachine fetches a VM by its zone and name.
func (s *session) locateMachine(ctx context.Context, zone, name string, calls provider.Calls) (*provider.Located, error) {
	found, err := s.getMachine(ctx, zone, name, calls)
	if isAbsent(err, "notFound") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &provider.Located{ScopeID: provider.ScopeID{Kind: cloud.VirtualMachine, Location: zone}, Instance: machine(found, s.project, zone)}, nil
}

// searchMachine searches for a VM by its id: in one zone, or in all of them with one list.
func (s *session) searchMachine(ctx context.Context, hint provider.Hint, calls provider.Calls) (*provider.Located, error) {
	if hint.Location == "" {
		return s.searchZones(ctx, hint.ProviderID, calls)
	}
	scope := provider.ScopeID{Kind: cloud.VirtualMachine, Location: hint.Location}
	findings, err := s.Probe(ctx, scope, []provider.Wanted{{ProviderID: hint.ProviderID}}, calls)
	switch {
	case err != nil:
		return nil, err
	case findings[0].Instance != nil:
		return &provider.Located{ScopeID: scope, Instance: *findings[0].Instance}, nil
	case findings[0].Failure != nil:
		return nil, findings[0].Failure
	}
	return nil, nil
}

// searchZones searches all zones for a VM by its id, with one list.
func (s *session) searchZones(ctx context.Context, id string, calls provider.Calls) (*provider.Located, error) {
	var (
		located     *provider.Located
		unreachable *fault.Error
	)
	fail := func(_ provider.ScopeID, failure *fault.Error) { unreachable = failure }
	err := s.eachAggregatedPage(ctx, "id = "+id, calls, func(page *computepb.InstanceAggregatedList) error {
		if err := s.failUnreachable(page, fail); err != nil {
			unreachable = provider.FaultOf(err)
		}
		for name, scoped := range page.GetItems() {
			zone := zoneIn(name)
			if zone == "" || !s.isSelected(regionOf(zone)) {
				continue
			}
			if warning := scoped.GetWarning(); isIncomplete(warning) {
				unreachable = errZoneUnreachable(zone, warning.GetCode(), warning.GetMessage())
			}
			for _, found := range scoped.GetInstances() {
				if strconv.FormatUint(found.GetId(), 10) == id { // A server without filters lists all VMs.
					located = &provider.Located{
						ScopeID:  provider.ScopeID{Kind: cloud.VirtualMachine, Location: zone},
						Instance: machine(found, s.project, zone),
					}
				}
			}
		}
		return nil
	})
	switch {
	case located != nil:
		return located, nil
	case err != nil:
		return nil, err
	case unreachable != nil:
		return nil, unreachable
	}
	return nil, nil
}

// locateDatabase fetches a Cloud SQL instance by its name. If the id states a time, another instance
// with the same name does not count.
func (s *session) locateDatabase(ctx context.Context, name string, hint provider.Hint, calls provider.Calls) (*provider.Located, error) {
	found, err := s.getDatabase(ctx, name, hint.Location, calls)
	if isAbsent(err, "instanceDoesNotExist", "notFound") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	instance := database(found, s.project)
	another := strings.Contains(hint.ProviderID, "@") && instance.ProviderID != hint.ProviderID
	if another || hint.Location != "" && hint.Location != instance.Region || !s.isSelected(instance.Region) {
		return nil, nil
	}
	return &provider.Located{ScopeID: provider.ScopeID{Kind: cloud.Database, Location: instance.Region}, Instance: instance}, nil
}
