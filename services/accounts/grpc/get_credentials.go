package grpc

import (
	"context"
	"fmt"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// GetCredentials tells discovery how to sign in to an account, with its secret
// and with the credentials of the accounts that its role is assumed from.
func (s *connectionService) GetCredentials(ctx context.Context, req *accountsv1.GetCredentialsRequest) (*accountsv1.GetCredentialsResponse, error) {
	account, secret, err := s.open(ctx, accounts.IDOf(req.GetAccount()))
	if err != nil {
		return nil, err
	}
	if account.Provider == accounts.GCP {
		gcp := gcpSignIn(account, secret)
		if gcp == nil {
			return nil, formless(account)
		}
		return &accountsv1.GetCredentialsResponse{Cloud: &accountsv1.GetCredentialsResponse_Gcp{Gcp: gcp}}, nil
	}
	aws, err := s.awsSignIn(ctx, account, secret)
	if err != nil {
		return nil, err
	}
	return &accountsv1.GetCredentialsResponse{Cloud: &accountsv1.GetCredentialsResponse_Aws{Aws: aws}}, nil
}

// awsSignIn is how to sign in to an AWS account, by way of its sources.
func (s *connectionService) awsSignIn(ctx context.Context, account *accounts.Account, secret accounts.Secret) (*accountsv1.AwsCredentials, error) {
	first := awsSignIn(account, secret)
	if first == nil {
		return nil, formless(account)
	}
	last := first
	_, err := accounts.Chain(ctx, account, func(ctx context.Context, id string) (*accounts.Account, error) {
		source, secret, err := s.open(ctx, id)
		if err != nil {
			return nil, err
		}
		if source.Provider == accounts.AWS { // or Chain says what is wrong
			if last.Source = awsSignIn(source, secret); last.Source == nil {
				return nil, formless(source)
			}
			last = last.Source
		}
		return source, nil
	})
	if fault.KindOf(err) == fault.KindInvalidArgument {
		return nil, accounts.BrokenChain(account, err)
	}
	if err != nil {
		return nil, err
	}
	return first, nil
}

// formless is the error of credentials that the contract has no form for.
// Discovery would otherwise take no method for the default chain.
func formless(account *accounts.Account) error {
	return fmt.Errorf("credentials of type %T have no form in the contract", account.Credentials)
}

// open is an account with its secret decrypted. A secret whose key was retired
// between the reading and the decrypting is encrypted with another now: it is
// read again.
func (s *connectionService) open(ctx context.Context, id string) (*accounts.Account, accounts.Secret, error) {
	tried := ""
	for {
		account, fetches, err := s.Store.Fetch(ctx, id)
		if err != nil || account.Secret == nil {
			return account, accounts.Secret{}, err
		}
		secret, err := s.Vault.Open(ctx, accounts.Kept{Binding: account.Binding(), Sealed: *account.Secret})
		if fault.ReasonOf(err) == accounts.ReasonUnreadable && account.Secret.KeyID != tried {
			tried = account.Secret.KeyID
			continue
		}
		s.Fetches.count(account.Provider, err)
		if err != nil {
			return nil, accounts.Secret{}, err
		}
		s.Logger.InfoContext(ctx, "a secret was fetched", "account", accounts.Name(id), "fetches", fetches)
		return account, secret, nil
	}
}
