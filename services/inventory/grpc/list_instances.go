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

// ListInstances returns a page of instances.
func (s *Inventory) ListInstances(ctx context.Context, req *inventoryv1.ListInstancesRequest) (*inventoryv1.ListInstancesResponse, error) {
	asOf, err := fromAsOf(req.GetAsOf())
	if err != nil {
		return nil, err
	}
	query, err := inventory.ListRequest{
		Filter:       req.GetFilter(),
		OrderBy:      req.GetOrderBy(),
		PageSize:     pageSize(req.GetPageSize(), defaultInstances, maxInstances),
		PageToken:    req.GetPageToken(),
		ShowGone:     req.GetShowGone(),
		MaxStaleness: req.GetMaxStaleness().AsDuration(),
		AsOf:         asOf,
	}.Parse()
	if err != nil {
		return nil, err
	}
	instances := newEncoder(query.PageSize)
	page, err := s.reader.ListInstances(ctx, query, instances.add)
	if err != nil {
		return nil, err
	}
	resp := &inventoryv1.ListInstancesResponse{
		NextPageToken:      query.PageToken(page.Next),
		TotalSize:          int32(min(page.TotalSize, math.MaxInt32)),
		Freshness:          toFreshness(page.Freshness),
		TotalSizeEstimated: page.TotalEstimated,
		Unreachable:        inventory.ScopeNames(page.Freshness.Unreachable),
		Gaps:               toGaps(page.Freshness.Gaps),
	}
	// The instances are already encoded. They are attached as unknown fields, which Marshal writes as they are;
	// clients decode them as field 1.
	resp.ProtoReflect().SetUnknown(instances.out)
	return resp, nil
}

// pageSize returns the size of a page within its limits (AIP-158).
func pageSize(asked int32, byDefault, limit int) int {
	if asked == 0 {
		return byDefault
	}
	return min(int(asked), limit)
}
