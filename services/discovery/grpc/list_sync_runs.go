package grpc

import (
	"context"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
)

// ListSyncRuns lists runs without their scopes, newest first.
func (s *discoveryServer) ListSyncRuns(ctx context.Context, req *discoveryv1.ListSyncRunsRequest) (*discoveryv1.ListSyncRunsResponse, error) {
	runs, next, err := s.runs.Runs(ctx, req.GetFilter(), req.GetPageToken(), pageSize(req.GetPageSize()))
	if err != nil {
		return nil, err
	}
	response := &discoveryv1.ListSyncRunsResponse{NextPageToken: next}
	for _, run := range runs {
		response.SyncRuns = append(response.SyncRuns, syncRun(run))
	}
	return response, nil
}
