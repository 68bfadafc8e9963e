package sync

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Verification is what an account's credentials turned out to be.
type Verification struct {
	// Principal is who they are, and CloudID the account that they open; "" when
	// that is not known.
	Principal, CloudID string
	// Matches tells whether that is the account stated.
	Matches bool
	// Permissions are tried only on the account stated.
	Permissions []provider.Permission
	// Failure says why the credentials do not do; nil when they do.
	Failure *fault.Error
}

// Verifier tries accounts' credentials. All fields must be set.
type Verifier struct {
	Providers map[cloud.Provider]provider.Provider
	Accounts  discovery.CredentialSource
	// Limit bounds all that is tried of one account. Signing in has half of it.
	Limit  time.Duration
	Logger *slog.Logger
}

// Verify tries an account's credentials for real and changes nothing. Whatever
// the cloud makes of them is the result; an error means that nothing was tried.
// It is that of the accounts service, or of ctx.
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
		logFailure(v.Logger.With("account", id), "an account's credentials do not do", result.Failure)
	}
	return result, ctx.Err()
}

// try fills the result in, and ends with why the credentials do not do.
func (v *Verifier) try(ctx context.Context, account provider.Account, credentials provider.Credentials, result *Verification) error {
	session, err := provider.OpenSession(ctx, v.Providers, account, credentials)
	if err != nil {
		return err
	}
	signIn, cancel := context.WithTimeout(ctx, v.Limit/2)
	defer cancel()
	result.CloudID, err = session.Identity(signIn)
	verifying, able := session.(provider.VerifyingSession)
	if able {
		result.Principal = verifying.Principal()
	}
	if err != nil {
		return err
	}
	if err := provider.CheckIdentity(account, result.CloudID); err != nil {
		return err
	}
	result.Matches = true
	if able {
		result.Permissions = verifying.Permissions(ctx)
	}
	return verdict(result.Permissions)
}

// verdict is why these permissions do not do to read the account: what is
// lacking, or else the first that can't be told. Nil when they do.
func verdict(permissions []provider.Permission) error {
	var (
		first   *fault.Error
		lacking []string
	)
	for _, p := range permissions {
		if p.Optional || p.Failure == nil {
			continue
		}
		lacks := p.Status == provider.Lack
		if first == nil || lacks && len(lacking) == 0 {
			first = p.Failure
		}
		if lacks {
			lacking = append(lacking, strings.TrimSuffix(p.Name+" in "+p.Location, " in "))
		}
	}
	switch {
	case first == nil:
		return nil
	case len(lacking) == 0:
		return first
	}
	return fault.ForReason(fault.ReasonPermissionDenied, "the credentials lack "+strings.Join(lacking, ", "), first.Remedy, first)
}
