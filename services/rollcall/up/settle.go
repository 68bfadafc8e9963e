package up

import (
	"context"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/internal/cloudaccount"
)

// demoLabel marks the accounts of the demo, so that they are known again and can be taken off the roll.
const demoLabel = "rollcall-demo"

// roll is the accounts service, as `up` needs it.
type roll struct {
	accounts accountsv1.AccountServiceClient
}

// all lists every account.
func (r roll) all(ctx context.Context) ([]*accountsv1.Account, error) {
	var accounts []*accountsv1.Account
	for token := ""; ; {
		page, err := r.accounts.ListAccounts(ctx, &accountsv1.ListAccountsRequest{PageSize: 1000, PageToken: token})
		if err != nil {
			return nil, fmt.Errorf("reading the roll: %w", err)
		}
		accounts = append(accounts, page.GetAccounts()...)
		if token = page.GetNextPageToken(); token == "" {
			return accounts, nil
		}
	}
}

func isDemo(a *accountsv1.Account) bool { return a.GetLabels()[demoLabel] == "true" }

// split parts the demo's accounts from the user's own.
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

// remove takes accounts off the roll.
func (r roll) remove(ctx context.Context, accounts []*accountsv1.Account) error {
	for _, a := range accounts {
		_, err := r.accounts.DeleteAccount(ctx, &accountsv1.DeleteAccountRequest{Name: a.GetName()})
		if err != nil && status.Code(err) != codes.NotFound {
			return fmt.Errorf("taking %s off the roll: %w", a.GetName(), err)
		}
	}
	return nil
}

// add puts an account on the roll, unless one with its cloud's own id is there, and returns the one that is there.
func (r roll) add(ctx context.Context, held []*accountsv1.Account, wanted *accountsv1.Account) (*accountsv1.Account, error) {
	for _, a := range held {
		if cloudID(a) == cloudID(wanted) {
			return a, nil
		}
	}
	created, err := r.accounts.CreateAccount(ctx, &accountsv1.CreateAccountRequest{Account: wanted})
	if err != nil {
		return nil, fmt.Errorf("putting %s on the roll: %w", cloudID(wanted), err)
	}
	return created, nil
}

// cloudID is an account as its cloud calls it.
func cloudID(a *accountsv1.Account) string {
	account, ok := cloudaccount.Of(a)
	if !ok {
		return a.GetName()
	}
	return account.String()
}
