package discovery

import (
	"context"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// CredentialSource returns accounts and the credentials to sign in to them. Its methods
// return NotFound for an account that is not registered, and Unavailable while the
// accounts service can't be reached.
type CredentialSource interface {
	Account(ctx context.Context, id string) (provider.Account, error)
	Credentials(ctx context.Context, id string) (provider.Credentials, error)
}

// Accounts is the accounts service.
type Accounts interface {
	CredentialSource
	// Accounts calls page with all accounts whose settings changed at or after since, some
	// at a time.
	Accounts(ctx context.Context, since time.Time, page func([]provider.Account) error) error
}
