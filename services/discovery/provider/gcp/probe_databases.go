package gcp

import (
	"context"
	"strings"

	sqladmin "google.golang.org/api/sqladmin/v1"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// databaseName returns the name in an id, project:region:name@time; see database.
func databaseName(wanted provider.Wanted) string {
	connection, _, _ := strings.Cut(wanted.ProviderID, "@")
	if name := connection[strings.LastIndexByte(connection, ':')+1:]; name != "" {
		return name
	}
	return wanted.DisplayName
}

// probeDatabases lists the Cloud SQL instances with these names, which never change. region selects
// the warnings of the list that matter.
func (s *session) probeDatabases(
	ctx context.Context, region string, wanted []provider.Wanted, probe *providerkit.Probe, calls provider.Calls,
) error {
	filters := make([]string, len(wanted))
	for i := range wanted {
		filters[i] = "name:" + databaseName(wanted[i])
	}
	var unreachable *fault.Error
	fail := func(scope provider.ScopeID, failure *fault.Error) {
		if scope.Location == region {
			unreachable = failure
		}
	}
	c := databaseCall("cloudsql.instances.list", region)
	err := s.eachDatabasePage(ctx, c, strings.Join(filters, " OR "), calls, func(page *sqladmin.InstancesListResponse) error {
		if err := s.failWarned(page.Warnings, fail); err != nil {
			return err
		}
		for _, i := range page.Items {
			if i != nil && i.Name != "" {
				probe.RecordFound(database(i, s.project))
			}
		}
		return nil
	})
	if err == nil && unreachable != nil {
		return unreachable
	}
	return err
}

// probeDatabase asks for one Cloud SQL instance that a list omitted. An answer that proves nothing
// leaves the evidence of the list: for a deleted instance Cloud SQL often answers "forbidden".
func (s *session) probeDatabase(ctx context.Context, wanted provider.Wanted, probe *providerkit.Probe, calls provider.Calls) error {
	found, err := s.getDatabase(ctx, databaseName(wanted), "", calls)
	switch {
	case err == nil && parseTime(found.CreateTime).IsZero() && strings.Contains(wanted.ProviderID, "@"):
		probe.RecordUndecided(wanted.ProviderID, invalidAnswer(
			"the answer of Cloud SQL does not state when "+wanted.DisplayName+" was created: it may be another instance with the same name"))
	case err == nil:
		probe.RecordFound(database(found, s.project))
		probe.RecordEvidence(wanted.ProviderID, provider.NotFound) // No effect if it was found; else another instance has the name now.
	case isAbsent(err, "instanceDoesNotExist", "notFound"):
		probe.RecordEvidence(wanted.ProviderID, provider.NotFound)
	}
	return errorForAll(err)
}

// getDatabase fetches one Cloud SQL instance. region is for the texts of faults.
func (s *session) getDatabase(ctx context.Context, name, region string, calls provider.Calls) (*sqladmin.DatabaseInstance, error) {
	return attempt(ctx, s, calls, databaseCall("cloudsql.instances.get", region), func(ctx context.Context) (*sqladmin.DatabaseInstance, error) {
		found, err := answered(s.sql.Instances.Get(s.project, name).Context(ctx).Do())
		if err == nil && found.Name == "" {
			err = &unexpectedAnswerError{"database", found.Kind}
		}
		return found, err
	})
}
