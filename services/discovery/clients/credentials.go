package clients

import (
	"fmt"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/secret"
)

// awsCredentials converts the credentials of an AWS account, including the credentials that assume its
// role.
func awsCredentials(id string, credentials *accountsv1.AwsCredentials) (provider.Credentials, error) {
	switch method := credentials.GetMethod().(type) {
	case *accountsv1.AwsCredentials_DefaultCredentials:
		return provider.AWSDefault{}, nil
	case *accountsv1.AwsCredentials_AccessKey:
		return provider.AWSAccessKey{
			ID: method.AccessKey.GetAccessKeyId(), Secret: secret.New(method.AccessKey.GetSecretAccessKey()),
		}, nil
	case *accountsv1.AwsCredentials_AssumeRole:
		role := provider.AWSAssumeRole{
			RoleARN: method.AssumeRole.GetRoleArn(), ExternalID: method.AssumeRole.GetExternalId(),
			SessionTags: method.AssumeRole.GetSessionTags(),
		}
		if credentials.GetSource() == nil {
			return role, nil
		}
		var err error
		role.Source, err = awsCredentials(id, credentials.GetSource())
		return role, err
	}
	return nil, fmt.Errorf("account %s has credentials that this version of discovery does not know: %T", id, credentials.GetMethod())
}
