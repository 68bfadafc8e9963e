package discovery

import (
	"context"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// Accounts is the accounts service. Its methods return NotFound for an account that is not
// registered, and Unavailable while the service can't be reached.
type Accounts interface {
	provider.CredentialSource
	// Accounts calls page with all accounts whose settings changed at or after since, some
	// at a time.
	Accounts(ctx context.Context, since time.Time, page func([]provider.Account) error) error
}
