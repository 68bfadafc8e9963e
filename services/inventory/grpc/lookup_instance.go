package grpc

import (
	"context"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// LookupInstance answers the one instance that something is known of.
func (s *Inventory) LookupInstance(ctx context.Context, req *inventoryv1.LookupInstanceRequest) (*inventoryv1.Instance, error) {
	in := inventory.LookupScope{
		Account:      inventory.CleanText(fromAccount(req.GetAccount())),
		ShowGone:     req.GetShowGone(),
		MaxStaleness: req.GetMaxStaleness().AsDuration(),
	}
	var (
		instance inventory.Instance
		err      error
	)
	switch by := req.GetBy().(type) {
	case *inventoryv1.LookupInstanceRequest_ProviderId:
		instance, err = s.store.GetInstanceByProviderID(ctx, by.ProviderId, in)
	case *inventoryv1.LookupInstanceRequest_ProviderUri:
		instance, err = s.store.GetInstanceByProviderURI(ctx, by.ProviderUri, in)
	case *inventoryv1.LookupInstanceRequest_DisplayName:
		instance, err = s.store.GetInstanceByDisplayName(ctx, by.DisplayName, in)
	}
	if err != nil {
		return nil, err
	}
	return toInstance(&instance), nil
}
