package grpc

import (
	"context"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
)

// CreateAccount puts an account on the roll (AIP-133). Output-only fields and
// the name in the request are ignored. Its secret, if it comes with one, is
// encrypted before anything is written.
func (s *accountService) CreateAccount(ctx context.Context, req *accountsv1.CreateAccountRequest) (*accountsv1.Account, error) {
	account, given := fromProto(req.GetAccount())
	account.ID = req.GetAccountId()
	account.Complete()
	if err := account.Validate(); err != nil {
		return nil, err
	}
	account.MintExternalID(nil)
	secret, err := account.TakeSecret(given, nil, s.Hosts)
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

// seal encrypts the secret that came with an account; nil when none did.
func (s *accountService) seal(ctx context.Context, account *accounts.Account, secret accounts.Secret) (*accounts.Sealed, error) {
	if secret.IsZero() {
		return nil, nil
	}
	return s.Vault.Seal(ctx, account.Binding(), secret)
}
