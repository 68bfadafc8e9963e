package grpc

import (
	"context"
	"regexp"

	"google.golang.org/protobuf/proto"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// accountNamePattern is the rule that the contract states for names in the
// other requests; there the account as a whole is exempt.
var accountNamePattern = regexp.MustCompile(`^accounts/[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

// UpdateAccount changes an account's settings (AIP-134). The account that comes
// of it is held to the rules of the contract, not the part that was sent. With
// an etag in the request, only when the account still has it (AIP-154).
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
	change := func(held *accounts.Account) (*accounts.Account, accounts.Secret, error) {
		if err := held.CheckEtag(patch.GetEtag()); err != nil {
			return nil, accounts.Secret{}, err
		}
		return s.merge(held, patch, mask)
	}
	prepared, err := s.prepare(ctx, id, change)
	if err != nil {
		return nil, err
	}
	updated, err := s.Store.Update(ctx, id, func(held *accounts.Account) (*accounts.Account, error) {
		next, secret, err := change(held)
		if err != nil {
			return nil, err
		}
		if secret.IsZero() {
			return next, nil
		}
		if next.Binding() != prepared.Binding() || prepared.Secret == nil {
			return nil, fault.New(fault.KindAborted, "CONFLICT", "%s was replaced by another at the same moment; try again", patch.GetName())
		}
		next.Secret = prepared.Secret
		return next, nil
	})
	if err != nil {
		return nil, err
	}
	return toProto(updated), nil
}

// prepare does what an update needs of others, before the account is locked for
// it: follow the chain of its role, and encrypt a secret that came with it. It
// returns the account as it would become.
func (s *accountService) prepare(
	ctx context.Context, id string, change func(*accounts.Account) (*accounts.Account, accounts.Secret, error),
) (*accounts.Account, error) {
	held, err := s.Store.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	next, secret, err := change(held)
	if err != nil {
		return nil, err
	}
	if _, err := accounts.Chain(ctx, next, s.Store.Get); err != nil {
		return nil, err
	}
	next.Secret, err = s.seal(ctx, next, secret)
	return next, err
}

// merge is the held account with the fields that mask names as in patch, and the
// secret that came with them.
func (s *accountService) merge(held *accounts.Account, patch *accountsv1.Account, mask fieldMask) (*accounts.Account, accounts.Secret, error) {
	// A clone, for merged must not share maps with held.
	merged := proto.CloneOf(toProto(held))
	mask.apply(merged, patch)
	if err := serve.Validate(merged, "account"); err != nil {
		return nil, accounts.Secret{}, err
	}
	next, given := fromProto(merged)
	next.Complete()
	if err := held.CheckSuccession(next); err != nil {
		return nil, accounts.Secret{}, err
	}
	if err := next.Validate(); err != nil {
		return nil, accounts.Secret{}, err
	}
	next.MintExternalID(held)
	secret, err := next.TakeSecret(given, held, s.Hosts)
	if err != nil {
		return nil, accounts.Secret{}, err
	}
	next.Revision, next.CreateTime, next.UpdateTime, next.Connection = held.Revision, held.CreateTime, held.UpdateTime, held.Connection
	return next, secret, nil
}
