package grpc

import (
	"context"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/sync"
)

// SyncAccount queues a sync of an account.
func (s *discoveryServer) SyncAccount(ctx context.Context, req *discoveryv1.SyncAccountRequest) (*discoveryv1.SyncRun, error) {
	account, err := s.accounts.Account(ctx, accountID(req.GetName()))
	if err != nil {
		return nil, err
	}
	run, err := s.runs.QueueRun(ctx, account.ID, sync.ByRequest)
	if err != nil {
		return nil, err
	}
	return syncRun(run), nil
}
