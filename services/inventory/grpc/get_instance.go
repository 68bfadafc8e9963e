package grpc

import (
	"context"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// GetInstance returns an instance by its name.
func (s *Inventory) GetInstance(ctx context.Context, req *inventoryv1.GetInstanceRequest) (*inventoryv1.Instance, error) {
	uid, err := fromInstanceName(req.GetName())
	if err != nil {
		return nil, err
	}
	asOf, err := fromAsOf(req.GetAsOf())
	if err != nil {
		return nil, err
	}
	instance, err := s.reader.GetInstance(ctx, uid, inventory.GetQuery{MaxStaleness: req.GetMaxStaleness().AsDuration(), AsOf: asOf})
	if err != nil {
		return nil, err
	}
	return toInstance(&instance), nil
}
