package gcp

import (
	"context"
	"strings"

	sqladmin "google.golang.org/api/sqladmin/v1"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// databaseName is the name in an id, project:region:name@time; see database.
func databaseName(wanted provider.Wanted) string {
	connection, _, _ := strings.Cut(wanted.ProviderID, "@")
	if name := connection[strings.LastIndexByte(connection, ':')+1:]; name != "" {
		return name
	}
	return wanted.DisplayName
}

// findDatabases lists those Cloud SQL instances that have the names, which never
// change. region is for people, and for what the list says it could not reach.
func (s *session) findDatabases(
	ctx context.Context, region string, wanted []provider.Wanted, answers *providerkit.Probe, calls provider.Calls,
) error {
	filters := make([]string, len(wanted))
	for i := range wanted {
		filters[i] = "name:" + databaseName(wanted[i])
	}
	at := call{service: "Cloud SQL", place: region, api: sqlAPI, permission: "cloudsql.instances.list"}
	var lost *fault.Error
	lose := func(scope provider.ScopeID, failure *fault.Error) {
		if scope.Location == region {
			lost = failure
		}
	}
	err := s.sqlPages(ctx, at, strings.Join(filters, " OR "), calls, func(page *sqladmin.InstancesListResponse) error {
		for _, warning := range page.Warnings {
			if err := s.takeWarning(warning, lose); err != nil {
				return err
			}
		}
		for _, i := range page.Items {
			if i != nil && i.Name != "" {
				answers.RecordFound(database(i, s.project))
			}
		}
		return nil
	})
	if err == nil && lost != nil {
		return lost
	}
	return err
}

// findDatabase asks for one Cloud SQL instance that a list lacked. Without a clear
// answer it stays with what the list said: of an instance that is gone Cloud SQL
// often says that it is forbidden.
func (s *session) findDatabase(ctx context.Context, wanted provider.Wanted, answers *providerkit.Probe, calls provider.Calls) error {
	at := call{service: "Cloud SQL", api: sqlAPI, permission: "cloudsql.instances.get"}
	found, err := attempt(ctx, s, calls, at, func(ctx context.Context) (*sqladmin.DatabaseInstance, error) {
		found, err := got(s.sql.Instances.Get(s.project, databaseName(wanted)).Context(ctx).Do())
		if err == nil && found.Name == "" {
			err = &oddAnswerError{"database", found.Kind}
		}
		return found, err
	})
	switch {
	case err == nil && timeOf(found.CreateTime).IsZero() && strings.Contains(wanted.ProviderID, "@"):
		answers.RecordUndecided(wanted.ProviderID, nonsense("Cloud SQL does not say of "+wanted.DisplayName+" when it was made: it may be this one, or another of its name"))
	case err == nil:
		answers.RecordFound(database(found, s.project))
		answers.RecordEvidence(wanted.ProviderID, provider.NotFound) // Unless it is this very one, the name belongs to another by now.
	case isNone(err, "instanceDoesNotExist", "notFound"):
		answers.RecordEvidence(wanted.ProviderID, provider.NotFound)
	}
	return trouble(err)
}
