package grpc

import (
	"context"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// openedAccount is an account with its secret in plain text.
type openedAccount struct {
	account *accounts.Account
	secret  accounts.Secret
}

// GetCredentials returns how to sign in to an account, with its secret and with the credentials of
// the accounts that it signs in through.
func (s *connectionService) GetCredentials(ctx context.Context, req *accountsv1.GetCredentialsRequest) (*accountsv1.GetCredentialsResponse, error) {
	first, err := s.open(ctx, accounts.IDOf(req.GetAccount()))
	if err != nil {
		return nil, err
	}
	opened := []openedAccount{first}
	_, err = accounts.Chain(ctx, first.account, func(ctx context.Context, id string) (*accounts.Account, error) {
		source, err := s.open(ctx, id)
		opened = append(opened, source)
		return source.account, err
	})
	if fault.KindOf(err) == fault.KindInvalidArgument {
		return nil, accounts.BrokenChain(first.account, err)
	}
	if err != nil {
		return nil, err
	}
	return signInToProto(opened)
}

// open returns an account with its secret decrypted. A secret whose key was retired between the
// reading and the decrypting is by now encrypted with another key: it is read again.
func (s *connectionService) open(ctx context.Context, id string) (openedAccount, error) {
	tried := ""
	for {
		account, fetches, err := s.Store.Fetch(ctx, id)
		if err != nil || account.Secret == nil {
			return openedAccount{account: account}, err
		}
		secret, err := s.Vault.Open(ctx, accounts.Stored{Binding: account.Binding(), Sealed: *account.Secret})
		if fault.ReasonOf(err) == accounts.ReasonUnreadable && account.Secret.KeyID != tried {
			tried = account.Secret.KeyID
			continue
		}
		s.Fetches.count(account.Provider, err)
		if err != nil {
			return openedAccount{}, err
		}
		s.Logger.InfoContext(ctx, "secret fetched", "account", accounts.Name(id), "fetches", fetches)
		return openedAccount{account: account, secret: secret}, nil
	}
}
