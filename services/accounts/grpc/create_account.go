package grpc

import (
	"context"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/accounts/clouds"
)

// CreateAccount creates an account (AIP-133). Output-only fields and the name in the request are
// ignored. The secret, if there is one, is encrypted before anything is written.
func (s *accountService) CreateAccount(ctx context.Context, req *accountsv1.CreateAccountRequest) (*accountsv1.Account, error) {
	account, given, err := fromProto(req.GetAccount())
	if err != nil {
		return nil, err
	}
	account.ID = req.GetAccountId()
	account.Complete()
	if err := account.Validate(); err != nil {
		return nil, err
	}
	secret, err := clouds.Apply(account, given, nil, s.Hosts)
	if err != nil {
		return nil, err
	}
	if _, err := accounts.Chain(ctx, account, s.Store.Get); err != nil {
		return nil, err
	}
	if account.Secret, err = s.seal(ctx, account, secret); err != nil {
		return nil, err
	}
	created, err := s.Store.Create(ctx, account)
	if err != nil {
		return nil, err
	}
	return toProto(created), nil
}

// seal encrypts the secret that came with an account; it returns nil if there is none.
func (s *accountService) seal(ctx context.Context, account *accounts.Account, secret accounts.Secret) (*accounts.Sealed, error) {
	if secret.IsZero() {
		return nil, nil
	}
	return s.Vault.Seal(ctx, account.Binding(), secret)
}
