package gcp

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	sqladmin "google.golang.org/api/sqladmin/v1"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// readDatabases lists the Cloud SQL instances of all selected regions. region is the one that a
// read of a single scope is about, for the texts of faults; "" for all.
func (s *session) readDatabases(ctx context.Context, region string, sink provider.BatchSink) error {
	c := databaseCall("cloudsql.instances.list", region)
	return s.eachDatabasePage(ctx, c, "", sink, func(page *sqladmin.InstancesListResponse) error {
		if err := s.failWarned(page.Warnings, sink.Fail); err != nil {
			return err
		}
		byRegion, err := s.databasesByRegion(page.Items)
		if err != nil {
			return err
		}
		if len(page.Items) == 0 && region != "" {
			byRegion[region] = nil // The pagination guard must see pages without instances.
		}
		for region, instances := range byRegion {
			if err := sink.Page(ctx, provider.ScopeID{Kind: cloud.Database, Location: region}, instances); err != nil {
				return err
			}
		}
		return nil
	})
}

// databasesByRegion converts the Cloud SQL instances of one page that are in selected regions.
func (s *session) databasesByRegion(page []*sqladmin.DatabaseInstance) (map[string][]provider.Instance, error) {
	byRegion := map[string][]provider.Instance{}
	for _, i := range page {
		if i != nil && i.Region == "" {
			i.Region = regionOfDatabase(i)
		}
		if i == nil || i.Name == "" || i.Region == "" {
			return nil, invalidAnswer("Cloud SQL listed a database without a name or a region")
		}
		if s.isSelected(i.Region) {
			byRegion[i.Region] = append(byRegion[i.Region], database(i, s.project))
		}
	}
	return byRegion, nil
}

// regionOfDatabase returns the region of a database without that field, from its zone or its
// connection name; "" if neither states it.
func regionOfDatabase(i *sqladmin.DatabaseInstance) string {
	if i.GceZone != "" {
		return regionOf(i.GceZone)
	}
	// project:region:name, and the project may contain a colon.
	if parts := strings.Split(i.ConnectionName, ":"); len(parts) >= 3 {
		return parts[len(parts)-2]
	}
	return ""
}

// failWarned fails the regions that warnings name. A warning of an incomplete list that names no
// region is a fault of the whole list.
func (s *session) failWarned(warnings []*sqladmin.ApiWarning, fail func(provider.ScopeID, *fault.Error)) error {
	for _, warning := range warnings {
		if warning == nil || warning.Code != "REGION_UNREACHABLE" && warning.Code != "MAX_RESULTS_EXCEEDS_LIMIT" {
			continue
		}
		remedy := databaseCall("", warning.Region).remedy(fault.ReasonUnreachable, nil, "")
		if warning.Region == "" {
			return fault.ForReason(fault.ReasonUnreachable, fmt.Sprintf("the list of Cloud SQL may be incomplete (%s): %s",
				warning.Code, providerkit.Shorten(warning.Message)), remedy, nil)
		}
		if s.isSelected(warning.Region) {
			fail(provider.ScopeID{Kind: cloud.Database, Location: warning.Region}, fault.ForReason(fault.ReasonUnreachable,
				fmt.Sprintf("Cloud SQL could not reach %s: %s", providerkit.Shorten(warning.Region), providerkit.Shorten(warning.Message)), remedy, nil))
		}
	}
	return nil
}

// eachDatabasePage reads the pages of the list of Cloud SQL instances, or of those that match a
// filter.
func (s *session) eachDatabasePage(ctx context.Context, c call, filter string, calls provider.Calls, use func(*sqladmin.InstancesListResponse) error) error {
	return eachPage(ctx, c, func(ctx context.Context, token string) (*sqladmin.InstancesListResponse, string, error) {
		page, err := attempt(ctx, s, calls, c, func(ctx context.Context) (*sqladmin.InstancesListResponse, error) {
			return s.databasePage(ctx, token, filter)
		})
		if err != nil {
			return nil, "", err
		}
		return page, page.NextPageToken, nil
	}, use)
}

// databasePage fetches one page. If the server supports only the older paths, as a simulator may,
// the session uses those from then on.
func (s *session) databasePage(ctx context.Context, token, filter string) (*sqladmin.InstancesListResponse, error) {
	get := func() (*sqladmin.InstancesListResponse, error) {
		request := s.sql.Instances.List(s.project).MaxResults(int64(s.provider.config.PageSize)).PageToken(token)
		if filter != "" {
			request = request.Filter(filter)
		}
		return answered(request.Context(ctx).Do())
	}
	page, err := get()
	if isUnknownPath(err) && s.useBeta() {
		page, err = get()
	}
	if err == nil && (page.HTTPStatusCode != http.StatusOK || page.Kind != "" && page.Kind != "sql#instancesList") {
		err = &unexpectedAnswerError{"list of databases", page.Kind}
	}
	return page, err
}
