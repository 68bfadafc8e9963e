package sync

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Verification is the result of verifying the credentials of an account.
type Verification struct {
	// Principal is the identity of the credentials, and CloudID the account that they belong to; "" if
	// not known.
	Principal, CloudID string
	// Matches reports whether the credentials belong to the account.
	Matches bool
	// Permissions are empty unless the credentials match.
	Permissions []provider.Permission
	// Failure is why the account can't be read with the credentials; nil if it can.
	Failure *fault.Error
}

// Verifier verifies the credentials of accounts. All fields must be set.
type Verifier struct {
	Providers map[cloud.Provider]provider.Provider
	Accounts  provider.CredentialSource
	// Limit bounds the verification of one account. Signing in may take half of it.
	Limit  time.Duration
	Logger *slog.Logger
}

// Verify signs in to an account and tries each permission with a real call that changes nothing. A
// refusal by the provider is part of the result. An error means that nothing was tried; it is that
// of the accounts service or of ctx.
func (v *Verifier) Verify(ctx context.Context, id string) (*Verification, error) {
	account, err := v.Accounts.Account(ctx, id)
	if err != nil {
		return nil, err
	}
	credentials, err := v.Accounts.Credentials(ctx, id)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, v.Limit)
	defer cancel()
	result := &Verification{}
	if err := v.try(limited, account, credentials, result); err != nil {
		result.Failure = provider.FaultOf(err)
		logFailure(v.Logger.With("account", id), "credentials refused", result.Failure)
	}
	return result, ctx.Err()
}

// try fills in the result. Its error is why the account can't be read with the credentials.
func (v *Verifier) try(ctx context.Context, account provider.Account, credentials provider.Credentials, result *Verification) error {
	session, err := provider.OpenSession(ctx, v.Providers, account, credentials)
	if err != nil {
		return err
	}
	signIn, cancel := context.WithTimeout(ctx, v.Limit/2)
	defer cancel()
	result.CloudID, err = session.Identity(signIn)
	verifying, ok := session.(provider.VerifyingSession)
	if ok {
		result.Principal = verifying.Principal()
	}
	if err != nil {
		return err
	}
	if err := provider.CheckIdentity(account, result.CloudID); err != nil {
		return err
	}
	result.Matches = true
	if ok {
		result.Permissions = verifying.Permissions(ctx)
	}
	return verdict(result.Permissions)
}

// verdict returns why the account can't be read with these permissions: those that are missing, or else
// the first one that could not be checked. It returns nil if the permissions are enough.
func verdict(permissions []provider.Permission) error {
	var (
		first   *fault.Error
		missing []string
	)
	for _, p := range permissions {
		if p.Optional || p.Failure == nil {
			continue
		}
		isMissing := p.Status == provider.Lack
		if first == nil || isMissing && len(missing) == 0 {
			first = p.Failure
		}
		if isMissing {
			missing = append(missing, strings.TrimSuffix(p.Name+" in "+p.Location, " in "))
		}
	}
	switch {
	case first == nil:
		return nil
	case len(missing) == 0:
		return first
	}
	return fault.ForReason(fault.ReasonPermissionDenied, "the credentials lack "+strings.Join(missing, ", "), first.Remedy, first)
}
