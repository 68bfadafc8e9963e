package grpc

import (
	"context"

	"google.golang.org/protobuf/types/known/emptypb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
)

// DeleteAccount deletes an account and what is stored of its connection (AIP-135).
func (s *accountService) DeleteAccount(ctx context.Context, req *accountsv1.DeleteAccountRequest) (*emptypb.Empty, error) {
	if err := s.Store.Delete(ctx, accounts.IDOf(req.GetName()), req.GetEtag()); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}
