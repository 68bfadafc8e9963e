package up

import (
	"context"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/internal/cloudaccount"
)

// demoLabel is the label of the demo's accounts, by which they are recognized and deleted.
const demoLabel = "rollcall-demo"

// accountStore adds, lists and deletes accounts through the accounts service.
type accountStore struct {
	client accountsv1.AccountServiceClient
}

// all returns every account.
func (s accountStore) all(ctx context.Context) ([]*accountsv1.Account, error) {
	var accounts []*accountsv1.Account
	for token := ""; ; {
		page, err := s.client.ListAccounts(ctx, &accountsv1.ListAccountsRequest{PageSize: 1000, PageToken: token})
		if err != nil {
			return nil, fmt.Errorf("list the accounts: %w", err)
		}
		accounts = append(accounts, page.GetAccounts()...)
		if token = page.GetNextPageToken(); token == "" {
			return accounts, nil
		}
	}
}

func isDemo(a *accountsv1.Account) bool { return a.GetLabels()[demoLabel] == "true" }

// split separates the demo's accounts from the user's own.
func split(accounts []*accountsv1.Account) (demo, own []*accountsv1.Account) {
	for _, a := range accounts {
		if isDemo(a) {
			demo = append(demo, a)
		} else {
			own = append(own, a)
		}
	}
	return demo, own
}

// remove deletes accounts.
func (s accountStore) remove(ctx context.Context, accounts []*accountsv1.Account) error {
	for _, a := range accounts {
		_, err := s.client.DeleteAccount(ctx, &accountsv1.DeleteAccountRequest{Name: a.GetName()})
		if err != nil && status.Code(err) != codes.NotFound {
			return fmt.Errorf("delete %s: %w", a.GetName(), err)
		}
	}
	return nil
}

// add adds an account unless one of the existing accounts has the same id in its cloud, and returns
// the added or the existing account.
func (s accountStore) add(ctx context.Context, existing []*accountsv1.Account, wanted *accountsv1.Account) (*accountsv1.Account, error) {
	title := accountTitle(wanted)
	for _, a := range existing {
		if accountTitle(a) == title {
			return a, nil
		}
	}
	created, err := s.client.CreateAccount(ctx, &accountsv1.CreateAccountRequest{Account: wanted})
	if err != nil {
		return nil, fmt.Errorf("add %s: %w", title, err)
	}
	return created, nil
}

// accountTitle returns an account as its cloud calls it: "AWS account 100000000001".
func accountTitle(a *accountsv1.Account) string {
	account, ok := cloudaccount.Of(a)
	if !ok {
		return a.GetName()
	}
	return account.String()
}
