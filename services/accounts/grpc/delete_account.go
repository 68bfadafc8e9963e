package grpc

import (
	"context"

	"google.golang.org/protobuf/types/known/emptypb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
)

// DeleteAccount takes an account off the roll (AIP-135), and what was known of
// its connection with it.
func (s *accountService) DeleteAccount(ctx context.Context, req *accountsv1.DeleteAccountRequest) (*emptypb.Empty, error) {
	if err := s.Store.Delete(ctx, accounts.IDOf(req.GetName()), req.GetEtag()); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}
