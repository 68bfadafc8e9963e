package grpc

import (
	"context"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
)

// The number of accounts on a page (AIP-158).
const (
	defaultPageSize = 50
	maxPageSize     = 1000
)

// ListAccounts returns a page of accounts (AIP-132), filtered (AIP-160) and sorted, from where the
// page token points to (AIP-158).
func (s *accountService) ListAccounts(ctx context.Context, req *accountsv1.ListAccountsRequest) (*accountsv1.ListAccountsResponse, error) {
	size := int(req.GetPageSize())
	if size == 0 {
		size = defaultPageSize
	}
	page, err := s.Store.List(ctx, accounts.ListRequest{
		Filter:    req.GetFilter(),
		OrderBy:   req.GetOrderBy(),
		PageToken: req.GetPageToken(),
		PageSize:  min(size, maxPageSize),
	})
	if err != nil {
		return nil, err
	}
	resp := &accountsv1.ListAccountsResponse{NextPageToken: page.NextPageToken, TotalSize: int32(page.TotalSize)}
	for _, account := range page.Accounts {
		resp.Accounts = append(resp.Accounts, toProto(account))
	}
	return resp, nil
}
