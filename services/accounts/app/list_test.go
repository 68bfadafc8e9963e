package app_test

import (
	"testing"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
)

// list asks for a page that must be given.
func (s *service) list(t *testing.T, req *accountsv1.ListAccountsRequest) *accountsv1.ListAccountsResponse {
	t.Helper()
	resp, err := s.accounts.ListAccounts(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}
