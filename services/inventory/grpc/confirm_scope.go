package grpc

import (
	"context"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// ConfirmScope confirms that the missing instances of a held scope are gone.
func (s *Inventory) ConfirmScope(ctx context.Context, req *inventoryv1.ConfirmScopeRequest) (*inventoryv1.Scope, error) {
	key, ok := inventory.ParseScope(req.GetName())
	if !ok {
		return nil, fault.NotFound(req.GetName())
	}
	scope, err := s.ingest.ConfirmScope(ctx, key, fromTime(req.GetHoldTime()))
	if err != nil {
		return nil, err
	}
	return toScope(&scope), nil
}
