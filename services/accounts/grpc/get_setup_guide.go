package grpc

import (
	"context"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/accounts/clouds"
	"github.com/rollcall-dev/rollcall/services/accounts/guide"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// GetSetupGuide returns how to give the credentials of an account the least that Rollcall needs.
func (s *accountService) GetSetupGuide(ctx context.Context, req *accountsv1.GetSetupGuideRequest) (*accountsv1.SetupGuide, error) {
	account, err := s.Store.Get(ctx, accounts.IDOf(req.GetName()))
	if err != nil {
		return nil, err
	}
	chain, err := accounts.Chain(ctx, account, s.Store.Get)
	if fault.KindOf(err) == fault.KindInvalidArgument {
		return nil, accounts.BrokenChain(account, err)
	}
	if err != nil {
		return nil, err
	}
	var source *accounts.Account
	if len(chain) > 0 {
		source = chain[0]
	}
	found, err := clouds.Guide(account, source, guide.Choice{Principal: req.GetPrincipal(), ReadOnly: req.GetReadOnly()})
	if err != nil {
		return nil, err
	}
	out := &accountsv1.SetupGuide{ExternalId: found.ExternalID, Policy: found.Policy}
	for _, snippet := range found.Snippets {
		out.Snippets = append(out.Snippets, &accountsv1.SetupGuide_Snippet{Tool: snippet.Tool, Title: snippet.Title, Text: snippet.Text})
	}
	return out, nil
}
