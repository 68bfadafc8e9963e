package grpc

import (
	"context"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// VerifyAccount verifies the credentials of an account by using them.
func (s *discoveryServer) VerifyAccount(ctx context.Context, req *discoveryv1.VerifyAccountRequest) (*discoveryv1.VerifyAccountResponse, error) {
	verification, err := s.verifier.Verify(ctx, accountID(req.GetName()))
	if err != nil {
		return nil, err
	}
	response := &discoveryv1.VerifyAccountResponse{
		Principal:      verification.Principal,
		CloudAccountId: verification.CloudID,
		AccountMatches: verification.Matches,
	}
	if f := verification.Failure; f != nil {
		response.Reason, response.Error, response.Remedy = string(f.Reason), f.Message, f.Remedy
	}
	for i := range verification.Permissions {
		response.Permissions = append(response.Permissions, permission(&verification.Permissions[i]))
	}
	return response, nil
}

func permission(p *provider.Permission) *discoveryv1.VerifyAccountResponse_Permission {
	message := &discoveryv1.VerifyAccountResponse_Permission{
		Permission: p.Name,
		Location:   p.Location,
		Optional:   p.Optional,
		Status: discoveryv1.VerifyAccountResponse_Permission_Status(
			discoveryv1.VerifyAccountResponse_Permission_Status_value[string(p.Status)]),
	}
	if p.Failure != nil {
		message.Error, message.Remedy = p.Failure.Message, p.Failure.Remedy
	}
	return message
}
