package grpc

import (
	"context"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
)

// GetAccount returns one account (AIP-131).
func (s *accountService) GetAccount(ctx context.Context, req *accountsv1.GetAccountRequest) (*accountsv1.Account, error) {
	account, err := s.Store.Get(ctx, accounts.IDOf(req.GetName()))
	if err != nil {
		return nil, err
	}
	return toProto(account), nil
}
