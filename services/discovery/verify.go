package discovery

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// VerifyingSession is a Session that can try what its credentials may do.
type VerifyingSession interface {
	Session

	// Principal is who the credentials are, as the cloud or they themselves say;
	// "" when neither does. Known after Identity.
	Principal() string

	// Permissions tries every permission that Rollcall uses, each by a call that
	// is cheap and changes nothing. Those for which ctx leaves no time are there
	// too, as CantTell.
	Permissions(ctx context.Context) []Permission
}

// PermissionStatus is whether credentials have a permission, as the enum word of
// VerifyAccountResponse.Permission.Status.
type PermissionStatus string

// The statuses of a permission.
const (
	// Have: the cloud did what the permission is for.
	Have PermissionStatus = "HAVE"
	// Lack: the cloud refused for want of it.
	Lack PermissionStatus = "LACK"
	// CantTell: the cloud gave no answer that tells.
	CantTell PermissionStatus = "CANT_TELL"
)

// Permission is one permission, as it was tried in one location.
type Permission struct {
	// Name is the cloud's own, `ec2:DescribeInstances`.
	Name string
	// Location is the region; "" for all.
	Location string
	Status   PermissionStatus
	// Failure says why they don't have it, or it can't be told; nil when they do.
	Failure *Failure
	// Optional tells that accounts are read without it.
	Optional bool
}

// TriedPermission is what a try came to: err is nil, a *Failure, or the
// context's.
func TriedPermission(name, location string, err error) Permission {
	if err == nil {
		return Permission{Name: name, Location: location, Status: Have}
	}
	p := Permission{Name: name, Location: location, Status: CantTell, Failure: FailureOf(err)}
	if p.Failure.Reason == PermissionDenied {
		p.Status = Lack
	}
	return p
}

// Verification is what an account's credentials turned out to be.
type Verification struct {
	// Principal is who they are, and CloudID the account that they open; "" when
	// that is not known.
	Principal, CloudID string
	// Matches tells whether that is the account stated.
	Matches bool
	// Permissions are tried only on the account stated.
	Permissions []Permission
	// Failure says why the credentials do not do; nil when they do.
	Failure *Failure
}

// Keyring is the accounts service, as a verification needs it.
type Keyring interface {
	Account(ctx context.Context, id string) (Account, error)
	Credentials(ctx context.Context, id string) (Credentials, error)
}

// Verifier tries accounts' credentials. All fields must be set.
type Verifier struct {
	Providers map[ProviderName]Provider
	Accounts  Keyring
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
		result.Failure = FailureOf(err)
		logFailure(v.Logger.With("account", id), "an account's credentials do not do", result.Failure)
	}
	return result, ctx.Err()
}

// try fills the result in, and ends with why the credentials do not do.
func (v *Verifier) try(ctx context.Context, account Account, credentials Credentials, result *Verification) error {
	session, err := openSession(ctx, v.Providers, account, credentials)
	if err != nil {
		return err
	}
	signIn, cancel := context.WithTimeout(ctx, v.Limit/2)
	defer cancel()
	result.CloudID, err = session.Identity(signIn)
	verifying, able := session.(VerifyingSession)
	if able {
		result.Principal = verifying.Principal()
	}
	if err != nil {
		return err
	}
	if err := checkIdentity(account, result.CloudID); err != nil {
		return err
	}
	result.Matches = true
	if able {
		result.Permissions = verifying.Permissions(ctx)
	}
	return verdict(result.Permissions)
}

// openSession opens an account by the provider that it belongs to.
func openSession(ctx context.Context, providers map[ProviderName]Provider, account Account, credentials Credentials) (Session, error) {
	provider, ok := providers[account.Provider]
	if !ok {
		return nil, NewFailure(Internal, fmt.Sprintf("this Rollcall can't read accounts of %s", account.Provider), "", nil)
	}
	return provider.Open(ctx, account, credentials)
}

// checkIdentity holds credentials to open the account stated.
func checkIdentity(account Account, identity string) error {
	if identity == account.CloudID {
		return nil
	}
	return NewFailure(AccountMismatch,
		fmt.Sprintf("the credentials open %s account %s, and not %s", account.Provider, identity, account.CloudID),
		fmt.Sprintf("Give credentials of %s, or put %s on the roll as an account of its own.", account.CloudID, identity), nil)
}

// verdict is why these permissions do not do to read the account: what is
// lacking, or else the first that can't be told. Nil when they do.
func verdict(permissions []Permission) error {
	var (
		first   *Failure
		lacking []string
	)
	for _, p := range permissions {
		if p.Optional || p.Failure == nil {
			continue
		}
		lacks := p.Status == Lack
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
	return NewFailure(PermissionDenied, "the credentials lack "+strings.Join(lacking, ", "), first.Remedy, first)
}
