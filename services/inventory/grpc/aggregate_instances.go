package grpc

import (
	"context"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// AggregateInstances counts instances.
func (s *Inventory) AggregateInstances(ctx context.Context, req *inventoryv1.AggregateInstancesRequest) (*inventoryv1.AggregateInstancesResponse, error) {
	asOf, err := fromAsOf(req.GetAsOf())
	if err != nil {
		return nil, err
	}
	query, err := inventory.AggregateRequest{
		GroupBy:      req.GetGroupBy(),
		Filter:       req.GetFilter(),
		ShowGone:     req.GetShowGone(),
		MaxStaleness: req.GetMaxStaleness().AsDuration(),
		AsOf:         asOf,
	}.Parse()
	if err != nil {
		return nil, err
	}
	result, err := s.reader.AggregateInstances(ctx, query)
	if err != nil {
		return nil, err
	}
	resp := &inventoryv1.AggregateInstancesResponse{
		Groups:      make([]*inventoryv1.AggregateInstancesResponse_Group, len(result.Groups)),
		Freshness:   toFreshness(result.Freshness),
		Unreachable: inventory.ScopeNames(result.Freshness.Unreachable),
		Gaps:        toGaps(result.Freshness.Gaps),
	}
	for n, group := range result.Groups {
		resp.Groups[n] = &inventoryv1.AggregateInstancesResponse_Group{Values: group.Values, Count: group.Count}
	}
	return resp, nil
}
