package grpc

import (
	"context"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// LookupInstance returns the one instance with a provider ID, a provider URI or a display name.
func (s *Inventory) LookupInstance(ctx context.Context, req *inventoryv1.LookupInstanceRequest) (*inventoryv1.Instance, error) {
	var key inventory.LookupKey
	switch by := req.GetBy().(type) {
	case *inventoryv1.LookupInstanceRequest_ProviderId:
		key = inventory.LookupKey{Field: "provider_id", Value: by.ProviderId}
	case *inventoryv1.LookupInstanceRequest_ProviderUri:
		key = inventory.LookupKey{Field: "provider_uri", Value: by.ProviderUri}
	case *inventoryv1.LookupInstanceRequest_DisplayName:
		key = inventory.LookupKey{Field: "display_name", Value: by.DisplayName}
	}
	instance, err := s.reader.LookupInstance(ctx, key, inventory.LookupScope{
		Account:      inventory.CleanText(fromAccount(req.GetAccount())),
		ShowGone:     req.GetShowGone(),
		MaxStaleness: req.GetMaxStaleness().AsDuration(),
	})
	if err != nil {
		return nil, err
	}
	return toInstance(&instance), nil
}
