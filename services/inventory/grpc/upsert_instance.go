package grpc

import (
	"context"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// UpsertInstance applies the observation of a single instance.
func (s *Ingest) UpsertInstance(ctx context.Context, req *inventoryv1.UpsertInstanceRequest) (*inventoryv1.Instance, error) {
	message := req.GetInstance()
	obs := inventory.Observation{
		Scope: inventory.ScopeKey{
			Account:  fromAccount(message.GetAccount()),
			Kind:     inventory.Kind(message.GetKind().String()),
			Location: req.GetLocation(),
		},
		Provider: inventory.Provider(message.GetProvider().String()),
		Fence:    req.GetFencingToken(),
		End:      req.GetEndToken(),
		Time:     fromTime(req.GetObserveTime()),
	}
	if err := checkSingle(obs); err != nil {
		return nil, err
	}
	var observed inventory.Instance
	readInstance(&observed, message)
	instance, err := s.ingest.Upsert(ctx, obs, observed)
	if err != nil {
		return nil, err
	}
	return toInstance(&instance), nil
}
