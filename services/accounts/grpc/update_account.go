package grpc

import (
	"context"
	"regexp"

	"google.golang.org/protobuf/proto"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/accounts/clouds"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// accountNamePattern is the contract's rule for names in the other requests. It is checked here,
// because the account of an update is exempt from the rules as a whole.
var accountNamePattern = regexp.MustCompile(`^accounts/[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

// UpdateAccount changes the settings of an account (AIP-134). The resulting account has to satisfy
// the contract's rules, not the part that was sent. With an etag in the request, the account is
// changed only if it still has it (AIP-154).
func (s *accountService) UpdateAccount(ctx context.Context, req *accountsv1.UpdateAccountRequest) (*accountsv1.Account, error) {
	patch := req.GetAccount()
	if !accountNamePattern.MatchString(patch.GetName()) {
		return nil, fault.Invalid("account.name", "must be the name of an account, accounts/{account}")
	}
	mask, err := parseMask(patch, req.GetUpdateMask().GetPaths())
	if err != nil {
		return nil, err
	}
	id := accounts.IDOf(patch.GetName())
	change := func(stored *accounts.Account) (*accounts.Account, accounts.Secret, error) {
		if err := stored.CheckEtag(patch.GetEtag()); err != nil {
			return nil, accounts.Secret{}, err
		}
		return s.merge(stored, patch, mask)
	}
	prepared, err := s.prepare(ctx, id, change)
	if err != nil {
		return nil, err
	}
	updated, err := s.Store.Update(ctx, id, func(stored *accounts.Account) (*accounts.Account, error) {
		next, secret, err := change(stored)
		if err != nil {
			return nil, err
		}
		if secret.IsZero() {
			return next, nil
		}
		if next.Binding() != prepared.Binding() || prepared.Secret == nil {
			return nil, fault.New(fault.KindAborted, fault.ReasonConflict, "%s was replaced by another at the same moment; try again", patch.GetName())
		}
		next.Secret = prepared.Secret
		return next, nil
	})
	if err != nil {
		return nil, err
	}
	return toProto(updated), nil
}

// prepare does the part of an update that calls others, before the account is locked for it: it
// follows the chain of sources, and encrypts a secret that came with the account. It returns the
// resulting account.
func (s *accountService) prepare(
	ctx context.Context, id string, change func(*accounts.Account) (*accounts.Account, accounts.Secret, error),
) (*accounts.Account, error) {
	stored, err := s.Store.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	next, secret, err := change(stored)
	if err != nil {
		return nil, err
	}
	if _, err := accounts.Chain(ctx, next, s.Store.Get); err != nil {
		return nil, err
	}
	next.Secret, err = s.seal(ctx, next, secret)
	return next, err
}

// merge returns the stored account with the fields of mask replaced by those of patch, and the
// secret that came with them.
func (s *accountService) merge(stored *accounts.Account, patch *accountsv1.Account, mask fieldMask) (*accounts.Account, accounts.Secret, error) {
	// A clone, because merged must not share maps with stored.
	merged := proto.CloneOf(toProto(stored))
	mask.apply(merged, patch)
	if err := serve.Validate(merged, "account"); err != nil {
		return nil, accounts.Secret{}, err
	}
	next, given, err := fromProto(merged)
	if err != nil {
		return nil, accounts.Secret{}, err
	}
	next.Complete()
	if err := stored.CheckSuccessor(next); err != nil {
		return nil, accounts.Secret{}, err
	}
	if err := next.Validate(); err != nil {
		return nil, accounts.Secret{}, err
	}
	secret, err := clouds.Apply(next, given, stored, s.Hosts)
	if err != nil {
		return nil, accounts.Secret{}, err
	}
	next.Revision, next.CreateTime, next.UpdateTime, next.Connection = stored.Revision, stored.CreateTime, stored.UpdateTime, stored.Connection
	return next, secret, nil
}
