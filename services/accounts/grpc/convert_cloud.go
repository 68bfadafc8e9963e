package grpc

import (
	"maps"
	"slices"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
)

// awsCredentials are the credentials in an account's settings, and the secret
// that came with them.
func awsCredentials(in *accountsv1.AwsAccount) (accounts.Credentials, string) {
	switch c := in.GetCredentials().(type) {
	case *accountsv1.AwsAccount_AssumeRole:
		role := accounts.AWSAssumeRole{
			RoleARN: c.AssumeRole.GetRoleArn(), ExternalID: c.AssumeRole.GetExternalId(),
			Source: accounts.IDOf(c.AssumeRole.GetSourceAccount()),
		}
		if tags := c.AssumeRole.GetSessionTags(); len(tags) > 0 {
			role.SessionTags = maps.Clone(tags)
		}
		return role, ""
	case *accountsv1.AwsAccount_AccessKey:
		return accounts.AWSAccessKey{AccessKeyID: c.AccessKey.GetAccessKeyId()}, c.AccessKey.GetSecretAccessKey()
	}
	return accounts.AWSDefault{}, ""
}

func awsToProto(account *accounts.Account) *accountsv1.AwsAccount {
	aws := &accountsv1.AwsAccount{AccountId: account.CloudID, Regions: slices.Clone(account.Regions)}
	switch c := account.Credentials.(type) {
	case accounts.AWSDefault:
		aws.Credentials = &accountsv1.AwsAccount_DefaultCredentials{DefaultCredentials: &accountsv1.AwsDefaultCredentials{}}
	case accounts.AWSAssumeRole:
		aws.Credentials = &accountsv1.AwsAccount_AssumeRole{AssumeRole: assumeRoleToProto(c)}
	case accounts.AWSAccessKey:
		aws.Credentials = &accountsv1.AwsAccount_AccessKey{AccessKey: &accountsv1.AwsAccessKey{AccessKeyId: c.AccessKeyID}}
	}
	return aws
}

func assumeRoleToProto(role accounts.AWSAssumeRole) *accountsv1.AwsAssumeRole {
	out := &accountsv1.AwsAssumeRole{RoleArn: role.RoleARN, ExternalId: role.ExternalID, SessionTags: maps.Clone(role.SessionTags)}
	if role.Source != "" {
		out.SourceAccount = accounts.Name(role.Source)
	}
	return out
}

// awsSignIn is how to sign in to an AWS account, with its secret; nil when the
// contract has no form for it.
func awsSignIn(account *accounts.Account, secret accounts.Secret) *accountsv1.AwsCredentials {
	aws := &accountsv1.AwsCredentials{AccountId: account.CloudID}
	switch c := account.Credentials.(type) {
	case accounts.AWSDefault:
		aws.Method = &accountsv1.AwsCredentials_DefaultCredentials{DefaultCredentials: &accountsv1.AwsDefaultCredentials{}}
	case accounts.AWSAssumeRole:
		aws.Method = &accountsv1.AwsCredentials_AssumeRole{AssumeRole: assumeRoleToProto(c)}
	case accounts.AWSAccessKey:
		aws.Method = &accountsv1.AwsCredentials_AccessKey{AccessKey: &accountsv1.AwsAccessKey{
			AccessKeyId: c.AccessKeyID, SecretAccessKey: secret.Reveal(),
		}}
	default:
		return nil
	}
	return aws
}
