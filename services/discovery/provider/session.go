package provider

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// CredentialSource returns accounts and their credentials. The accounts service is one.
type CredentialSource interface {
	Account(ctx context.Context, id string) (Account, error)
	Credentials(ctx context.Context, id string) (Credentials, error)
}

// OpenSession opens an account with the provider of its cloud.
func OpenSession(ctx context.Context, providers map[cloud.Provider]Provider, account Account, credentials Credentials) (Session, error) {
	provider, ok := providers[account.Provider]
	if !ok {
		return nil, fault.ForReason(fault.ReasonInternal,
			fmt.Sprintf("this version of Rollcall can't read accounts of %s", account.Provider), "", nil)
	}
	return provider.Open(ctx, account, credentials)
}

// CheckIdentity returns a fault with reason ACCOUNT_MISMATCH if the identity of a session is not
// the account that it was opened for.
func CheckIdentity(account Account, identity string) error {
	if identity == account.CloudID {
		return nil
	}
	return fault.ForReason(fault.ReasonAccountMismatch,
		fmt.Sprintf("the credentials belong to %s account %s, not to %s", account.Provider, identity, account.CloudID),
		fmt.Sprintf("Give the account credentials of %s, or add %s as an account of its own.", account.CloudID, identity), nil)
}

// RecoverToError turns a panic into an error. It must be deferred. An answer of one cloud must not
// end the process that reads all the others.
func RecoverToError(logger *slog.Logger, err *error) {
	if p := recover(); p != nil {
		logger.Error("panic while reading a cloud", "panic", p, "stack", string(debug.Stack()))
		*err = OwnFault("process the answer of the cloud", fmt.Errorf("panic: %v", p))
	}
}
