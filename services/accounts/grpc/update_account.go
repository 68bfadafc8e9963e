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
	updated, err := s.store.Update(ctx, accounts.IDOf(patch.GetName()), func(held *accounts.Account) (*accounts.Account, error) {
		if err := held.CheckEtag(patch.GetEtag()); err != nil {
			return nil, err
		}
		return merge(held, patch, mask)
	})
	if err != nil {
		return nil, err
	}
	return toProto(updated), nil
}

// merge is the held account with the fields that mask names as in patch.
func merge(held *accounts.Account, patch *accountsv1.Account, mask fieldMask) (*accounts.Account, error) {
	// A clone, for merged must not share maps with held.
	merged := proto.CloneOf(toProto(held))
	mask.apply(merged, patch)
	if err := serve.Validate(merged, "account"); err != nil {
		return nil, err
	}
	next := fromProto(merged)
	next.Complete()
	if err := held.CheckSuccession(next); err != nil {
		return nil, err
	}
	if err := next.Validate(); err != nil {
		return nil, err
	}
	next.Revision, next.CreateTime, next.UpdateTime, next.Connection = held.Revision, held.CreateTime, held.UpdateTime, held.Connection
	return next, nil
}
