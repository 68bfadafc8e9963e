package gcp

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"cloud.google.com/go/compute/apiv1/computepb"
	sqladmin "google.golang.org/api/sqladmin/v1"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// The forms of Google Cloud's ids and addresses; see machine and database.
var (
	machineIDForm   = regexp.MustCompile(`^[0-9]{5,20}$`)
	connectionForm  = regexp.MustCompile(`^((?:[a-z0-9.-]+:)?[a-z0-9-]+):([a-z0-9-]+):([a-z0-9-]+)(?:@.+)?$`)
	machineURIForm  = regexp.MustCompile(`^(?:https://.+/|//compute\.googleapis\.com/)?projects/([^/]+)/zones/([^/]+)/instances/([^/]+)$`)
	databaseURIForm = regexp.MustCompile(`^(?:https://.+/|//cloudsql\.googleapis\.com/)?projects/([^/]+)/instances/([^/]+)$`)
)

// Recognizes tells ids and addresses of VMs and of Cloud SQL instances by their
// forms.
func (p *Provider) Recognizes(providerID string) (cloud.Kind, bool) {
	switch {
	case machineIDForm.MatchString(providerID), machineURIForm.MatchString(providerID):
		return cloud.VirtualMachine, true
	case databaseURIForm.MatchString(providerID), connectionForm.MatchString(providerID) && !strings.HasPrefix(providerID, "arn:"):
		return cloud.Database, true
	}
	return "", false
}

// Locate looks for an instance by its id, in all of the project that the hint
// leaves open. An address says itself where to look.
func (s *session) Locate(ctx context.Context, hint provider.Hint, calls provider.Calls) (*provider.Located, error) {
	kind, known := s.provider.Recognizes(hint.ProviderID)
	if !known || hint.Kind != "" && hint.Kind != kind {
		return nil, nil
	}
	if m := machineURIForm.FindStringSubmatch(hint.ProviderID); m != nil {
		if m[1] != s.project || hint.Location != "" && hint.Location != m[2] || !s.wants(regionOf(m[2])) {
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

// locateMachine asks for a VM by its zone and name.
func (s *session) locateMachine(ctx context.Context, zone, name string, calls provider.Calls) (*provider.Located, error) {
	found, err := s.getMachine(ctx, zone, name, calls)
	if isNone(err, "notFound") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &provider.Located{ScopeID: provider.ScopeID{Kind: cloud.VirtualMachine, Location: zone}, Instance: machine(found, s.project, zone)}, nil
}

// searchMachine asks for a VM by its id: in one zone, or in all by one list.
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

// searchZones asks all zones for a VM with an id, by one list.
func (s *session) searchZones(ctx context.Context, id string, calls provider.Calls) (*provider.Located, error) {
	var (
		located *provider.Located
		lost    *fault.Error
	)
	lose := func(_ provider.ScopeID, failure *fault.Error) { lost = failure }
	err := s.aggregated(ctx, "id = "+id, calls, func(page *computepb.InstanceAggregatedList) error {
		if err := s.takeLost(page, lose); err != nil {
			lost = provider.FaultOf(err)
		}
		for place, scoped := range page.GetItems() {
			zone := zoneIn(place)
			if zone == "" || !s.wants(regionOf(zone)) {
				continue
			}
			if warning := scoped.GetWarning(); warning != nil && warning.GetCode() != noResults {
				lost = lostZone(zone, warning.GetCode(), warning.GetMessage())
			}
			for _, found := range scoped.GetInstances() {
				// What knows no filters shows all.
				if strconv.FormatUint(found.GetId(), 10) == id {
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
	case lost != nil:
		return nil, lost
	}
	return nil, nil
}

// locateDatabase asks for a Cloud SQL instance by its name. With the time in the
// id it must be that very one.
func (s *session) locateDatabase(ctx context.Context, name string, hint provider.Hint, calls provider.Calls) (*provider.Located, error) {
	at := call{service: "Cloud SQL", place: hint.Location, api: sqlAPI, permission: "cloudsql.instances.get"}
	found, err := attempt(ctx, s, calls, at, func(ctx context.Context) (*sqladmin.DatabaseInstance, error) {
		found, err := got(s.sql.Instances.Get(s.project, name).Context(ctx).Do())
		if err == nil && found.Name == "" {
			err = &oddAnswerError{"database", found.Kind}
		}
		return found, err
	})
	if isNone(err, "instanceDoesNotExist", "notFound") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	instance := database(found, s.project)
	another := strings.Contains(hint.ProviderID, "@") && instance.ProviderID != hint.ProviderID
	if another || hint.Location != "" && hint.Location != instance.Region || !s.wants(instance.Region) {
		return nil, nil
	}
	return &provider.Located{ScopeID: provider.ScopeID{Kind: cloud.Database, Location: instance.Region}, Instance: instance}, nil
}
