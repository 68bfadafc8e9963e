package provider

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// openSession opens an account by the provider that it belongs to.
func OpenSession(ctx context.Context, providers map[ProviderName]Provider, account Account, credentials Credentials) (Session, error) {
	provider, ok := providers[account.Provider]
	if !ok {
		return nil, fault.ForReason(fault.ReasonInternal, fmt.Sprintf("this Rollcall can't read accounts of %s", account.Provider), "", nil)
	}
	return provider.Open(ctx, account, credentials)
}

// checkIdentity holds credentials to open the account stated.
func CheckIdentity(account Account, identity string) error {
	if identity == account.CloudID {
		return nil
	}
	return fault.ForReason(fault.ReasonAccountMismatch,
		fmt.Sprintf("the credentials open %s account %s, and not %s", account.Provider, identity, account.CloudID),
		fmt.Sprintf("Give credentials of %s, or put %s on the roll as an account of its own.", account.CloudID, identity), nil)
}

// RecoverToError makes an error of a panic; it is to be deferred. What one cloud sends must
// not end the process that reads all the others, whatever we did not think of.
func RecoverToError(logger *slog.Logger, err *error) {
	if p := recover(); p != nil {
		logger.Error("a defect of Rollcall's met what a cloud sent", "panic", p, "stack", string(debug.Stack()))
		*err = OwnFault("make sense of what the cloud sent", fmt.Errorf("panic: %v", p))
	}
}
