package grpc

import (
	"context"
	"math"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// The sizes of a page of instances.
const (
	defaultInstances = 50
	maxInstances     = 1000
)

// ListInstances answers one page.
func (s *Inventory) ListInstances(ctx context.Context, req *inventoryv1.ListInstancesRequest) (*inventoryv1.ListInstancesResponse, error) {
	asOf, err := fromAsOf(req.GetAsOf())
	if err != nil {
		return nil, err
	}
	size := pageSize(req.GetPageSize(), defaultInstances, maxInstances)
	instances := newWire(size)
	page, err := s.store.ListInstances(ctx, inventory.ListQuery{
		Filter:       req.GetFilter(),
		OrderBy:      req.GetOrderBy(),
		PageSize:     size,
		PageToken:    req.GetPageToken(),
		ShowGone:     req.GetShowGone(),
		MaxStaleness: req.GetMaxStaleness().AsDuration(),
		AsOf:         asOf,
	}, instances.add)
	if err != nil {
		return nil, err
	}
	resp := &inventoryv1.ListInstancesResponse{
		NextPageToken:      page.NextPageToken,
		TotalSize:          int32(min(page.TotalSize, math.MaxInt32)),
		Freshness:          toFreshness(page.Freshness),
		TotalSizeEstimated: page.TotalEstimated,
		Unreachable:        inventory.ScopeNames(page.Freshness.Unreachable),
		Gaps:               toGaps(page.Freshness.Gaps),
	}
	// To this side they are fields that it does not know; to the reader they are not.
	resp.ProtoReflect().SetUnknown(instances.out)
	return resp, nil
}

// pageSize is the size asked for, within its limits (AIP-158).
func pageSize(asked int32, byDefault, most int) int {
	if asked == 0 {
		return byDefault
	}
	return min(int(asked), most)
}
