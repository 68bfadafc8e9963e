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

// ListScopes returns a page of scopes.
func (s *Inventory) ListScopes(ctx context.Context, req *inventoryv1.ListScopesRequest) (*inventoryv1.ListScopesResponse, error) {
	query, err := inventory.ScopesRequest{
		Filter:    req.GetFilter(),
		PageSize:  pageSize(req.GetPageSize(), defaultScopes, maxScopes),
		PageToken: req.GetPageToken(),
	}.Parse()
	if err != nil {
		return nil, err
	}
	page, err := s.reader.ListScopes(ctx, query)
	if err != nil {
		return nil, err
	}
	resp := &inventoryv1.ListScopesResponse{
		Scopes:        make([]*inventoryv1.Scope, len(page.Scopes)),
		NextPageToken: query.NextPageToken(page),
	}
	for n := range page.Scopes {
		resp.Scopes[n] = toScope(&page.Scopes[n])
	}
	return resp, nil
}
