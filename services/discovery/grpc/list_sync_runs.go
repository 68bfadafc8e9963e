package grpc

import (
	"context"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
)

// Page sizes of ListSyncRuns.
const (
	defaultPage = 50
	largestPage = 1000
)

// ListSyncRuns lists runs, newest first, without their scopes.
func (s *server) ListSyncRuns(ctx context.Context, req *discoveryv1.ListSyncRunsRequest) (*discoveryv1.ListSyncRunsResponse, error) {
	size := min(int(req.GetPageSize()), largestPage)
	if size == 0 {
		size = defaultPage
	}
	runs, next, err := s.Runs.Runs(ctx, req.GetFilter(), req.GetPageToken(), size)
	if err != nil {
		return nil, err
	}
	response := &discoveryv1.ListSyncRunsResponse{NextPageToken: next}
	for _, run := range runs {
		response.SyncRuns = append(response.SyncRuns, syncRun(run))
	}
	return response, nil
}
