package grpc

import (
	"context"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
)

// GetSyncRun returns a run with its scopes.
func (s *discoveryServer) GetSyncRun(ctx context.Context, req *discoveryv1.GetSyncRunRequest) (*discoveryv1.SyncRun, error) {
	run, err := s.runs.Run(ctx, runID(req.GetName()))
	if err != nil {
		return nil, err
	}
	return syncRun(run), nil
}
