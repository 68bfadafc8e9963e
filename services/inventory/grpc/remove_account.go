package grpc

import (
	"context"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/protobuf/types/known/emptypb"
)

// RemoveAccount removes an account from the inventory.
func (s *Ingest) RemoveAccount(ctx context.Context, req *inventoryv1.RemoveAccountRequest) (*emptypb.Empty, error) {
	if err := s.ingest.RemoveAccount(ctx, fromAccount(req.GetAccount()), req.GetFencingToken()); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}
