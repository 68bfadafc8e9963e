package gcp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"google.golang.org/api/googleapi"
	sqladmin "google.golang.org/api/sqladmin/v1"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// sqlPages follows the pages of the list of Cloud SQL instances: of all, without a
// filter.
func (s *session) sqlPages(ctx context.Context, at call, filter string, count counter, use func(*sqladmin.InstancesListResponse) error) error {
	return eachPage(ctx, at, func(ctx context.Context, token string) (*sqladmin.InstancesListResponse, string, error) {
		page, err := attempt(ctx, s, count, at, func(ctx context.Context) (*sqladmin.InstancesListResponse, error) {
			return s.sqlPage(ctx, token, filter)
		})
		if err != nil {
			return nil, "", err
		}
		return page, page.NextPageToken, nil
	}, use)
}

// sqlPage gets one page. A peer that knows only the older paths, such as a
// simulator, is asked under those from then on.
func (s *session) sqlPage(ctx context.Context, token, filter string) (*sqladmin.InstancesListResponse, error) {
	get := func() (*sqladmin.InstancesListResponse, error) {
		request := s.sql.Instances.List(s.project).MaxResults(int64(s.provider.config.PageSize)).PageToken(token)
		if filter != "" {
			request = request.Filter(filter)
		}
		return got(request.Context(ctx).Do())
	}
	page, err := get()
	if api, ok := errors.AsType[*googleapi.Error](err); ok && api.Code == http.StatusNotFound && len(api.Errors) == 0 && s.useBeta() {
		page, err = get()
	}
	if err == nil && (page.HTTPStatusCode != http.StatusOK || page.Kind != "" && page.Kind != "sql#instancesList") {
		err = &oddAnswerError{"list of databases", page.Kind}
	}
	return page, err
}

// readDatabases lists the Cloud SQL instances of all wanted regions. region says
// for people which one it is about; "" for all.
func (s *session) readDatabases(ctx context.Context, region string, sink provider.BatchSink) error {
	at := call{service: "Cloud SQL", place: region, api: sqlAPI, permission: "cloudsql.instances.list"}
	return s.sqlPages(ctx, at, "", sink, func(page *sqladmin.InstancesListResponse) error {
		for _, warning := range page.Warnings {
			if err := s.takeWarning(warning, sink.Fail); err != nil {
				return err
			}
		}
		byRegion := map[string][]provider.Instance{}
		for _, i := range page.Items {
			if i != nil && i.Region == "" {
				i.Region = regionOfDatabase(i)
			}
			if i == nil || i.Name == "" || i.Region == "" {
				return nonsense("Cloud SQL sent a database without a name or a region")
			}
			if s.wants(i.Region) {
				byRegion[i.Region] = append(byRegion[i.Region], database(i, s.project))
			}
		}
		if len(page.Items) == 0 && region != "" {
			byRegion[region] = nil // So that the guard sees pages that bring nothing.
		}
		for region, instances := range byRegion {
			if err := sink.Page(ctx, provider.ScopeID{Kind: cloud.Database, Location: region}, instances); err != nil {
				return err
			}
		}
		return nil
	})
}

// regionOfDatabase is what else says where a database is; "" when nothing does.
func regionOfDatabase(i *sqladmin.DatabaseInstance) string {
	if i.GceZone != "" {
		return regionOf(i.GceZone)
	}
	// project:region:name, and the project may have a colon of its own.
	if parts := strings.Split(i.ConnectionName, ":"); len(parts) >= 3 {
		return parts[len(parts)-2]
	}
	return ""
}

// takeWarning fails the region that a warning is about. One that names none
// leaves all in doubt.
func (s *session) takeWarning(warning *sqladmin.ApiWarning, fail func(provider.ScopeID, *fault.Error)) error {
	if warning == nil || warning.Code != "REGION_UNREACHABLE" && warning.Code != "MAX_RESULTS_EXCEEDS_LIMIT" {
		return nil
	}
	text := fmt.Sprintf("Cloud SQL says that its list may be incomplete (%s): %s", warning.Code, shorten(warning.Message))
	if warning.Region != "" {
		text = fmt.Sprintf("Cloud SQL could not reach %s: %s", shorten(warning.Region), shorten(warning.Message))
	}
	at := call{service: "Cloud SQL", place: warning.Region, api: sqlAPI}
	failure := fault.ForReason(fault.ReasonUnreachable, text, at.remedy(fault.ReasonUnreachable, nil, ""), nil)
	if warning.Region == "" {
		return failure
	}
	if s.wants(warning.Region) {
		fail(provider.ScopeID{Kind: cloud.Database, Location: warning.Region}, failure)
	}
	return nil
}
