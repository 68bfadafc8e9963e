package grpc

import (
	"context"
	"fmt"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
)

// GetCredentials tells discovery how to sign in to an account.
func (s *connectionService) GetCredentials(ctx context.Context, req *accountsv1.GetCredentialsRequest) (*accountsv1.GetCredentialsResponse, error) {
	account, err := s.store.Get(ctx, accounts.IDOf(req.GetAccount()))
	if err != nil {
		return nil, err
	}
	aws := &accountsv1.AwsCredentials{AccountId: account.CloudID}
	switch c := account.Credentials.(type) {
	case accounts.AWSDefault:
		aws.Method = &accountsv1.AwsCredentials_DefaultCredentials{DefaultCredentials: &accountsv1.AwsDefaultCredentials{}}
	case accounts.AWSAssumeRole:
		aws.Method = &accountsv1.AwsCredentials_AssumeRole{AssumeRole: assumeRoleToProto(c)}
	default:
		// Discovery would otherwise take no method for the default chain.
		return nil, fmt.Errorf("credentials of type %T have no form in the contract", c)
	}
	return &accountsv1.GetCredentialsResponse{Cloud: &accountsv1.GetCredentialsResponse_Aws{Aws: aws}}, nil
}
