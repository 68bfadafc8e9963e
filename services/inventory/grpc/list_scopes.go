package grpc

import (
	"context"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// The sizes of a page of scopes.
const (
	defaultScopes = 100
	maxScopes     = 1000
)

// ListScopes answers one page.
func (s *Inventory) ListScopes(ctx context.Context, req *inventoryv1.ListScopesRequest) (*inventoryv1.ListScopesResponse, error) {
	page, err := s.store.ListScopes(ctx, inventory.ScopesQuery{
		Filter:    req.GetFilter(),
		PageSize:  pageSize(req.GetPageSize(), defaultScopes, maxScopes),
		PageToken: req.GetPageToken(),
	})
	if err != nil {
		return nil, err
	}
	resp := &inventoryv1.ListScopesResponse{
		Scopes:        make([]*inventoryv1.Scope, len(page.Scopes)),
		NextPageToken: page.NextPageToken,
	}
	for n := range page.Scopes {
		resp.Scopes[n] = toScope(&page.Scopes[n])
	}
	return resp, nil
}
