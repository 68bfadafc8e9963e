package grpc

import (
	"context"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
)

// CreateAccount puts an account on the roll (AIP-133). Output-only fields and
// the name in the request are ignored.
func (s *accountService) CreateAccount(ctx context.Context, req *accountsv1.CreateAccountRequest) (*accountsv1.Account, error) {
	account := fromProto(req.GetAccount())
	account.ID = req.GetAccountId()
	account.Complete()
	if err := account.Validate(); err != nil {
		return nil, err
	}
	created, err := s.store.Create(ctx, account)
	if err != nil {
		return nil, err
	}
	return toProto(created), nil
}
