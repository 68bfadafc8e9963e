package cli

import (
	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

// awsSignIn has the flags of the sign-in methods of AWS.
type awsSignIn struct {
	RoleARN       *string           `name:"role-arn" xor:"aws-sign-in" help:"ARN of the role to assume in the account." placeholder:"ARN"`
	ExternalID    *string           `help:"External id that the trust policy of the role requires. Default: one that Rollcall generates." placeholder:"ID"`
	SourceAccount *string           `help:"Account in Rollcall whose credentials assume the role. Default: the credentials of the server." placeholder:"ACCOUNT" complete:"account"`
	SessionTag    map[string]string `help:"Session tag of the role session, KEY=VALUE; may be repeated." placeholder:"KEY=VALUE" mapsep:"none"`

	AccessKeyID          *string `name:"access-key-id" xor:"aws-sign-in" help:"Id of the access key." placeholder:"ID"`
	SecretAccessKeyStdin bool    `xor:"aws-secret" help:"Read the secret of the access key from standard input."`
	SecretAccessKeyFile  string  `xor:"aws-secret" help:"Read the secret of the access key from a file." placeholder:"FILE" type:"path"`
}

// provider returns the cloud of the flags.
func (f *awsSignIn) provider() cloud.Provider { return cloud.AWS }

// given reports whether any of the flags is set.
func (f *awsSignIn) given() bool { return f.role() || f.key() }

func (f *awsSignIn) role() bool {
	return f.RoleARN != nil || f.ExternalID != nil || f.SourceAccount != nil || len(f.SessionTag) > 0
}

func (f *awsSignIn) key() bool {
	return f.AccessKeyID != nil || f.SecretAccessKeyStdin || f.SecretAccessKeyFile != ""
}

// apply sets the credentials of an account from the flags and returns the path of the field, or ""
// if no flag is set.
func (f *awsSignIn) apply(s *session, account *accountsv1.Account, defaults bool) (path string, err error) {
	aws := account.GetAws()
	switch {
	case defaults:
		aws.Credentials = &accountsv1.AwsAccount_DefaultCredentials{DefaultCredentials: &accountsv1.AwsDefaultCredentials{}}
		return "aws.default_credentials", nil
	case f.role() && f.key():
		return "", advise("give either --role-arn or --access-key-id; to assume a role with a key, add the account of the key and name it with --source-account",
			"two sign-in methods were given")
	case f.key():
		return "aws.access_key", f.applyKey(s, aws)
	case f.role():
		return "aws.assume_role", f.applyRole(aws)
	}
	return "", nil
}

func (f *awsSignIn) applyRole(aws *accountsv1.AwsAccount) error {
	role := aws.GetAssumeRole()
	if role == nil {
		role = &accountsv1.AwsAssumeRole{}
	}
	if f.RoleARN != nil {
		role.RoleArn = *f.RoleARN
	}
	if role.GetRoleArn() == "" {
		return advise("add --role-arn", "an external id, a source account and session tags need a role, but there is none")
	}
	if f.ExternalID != nil {
		role.ExternalId = *f.ExternalID
	}
	if f.SourceAccount != nil {
		role.SourceAccount = ""
		if *f.SourceAccount != "" {
			role.SourceAccount = resource(accountsCollection, *f.SourceAccount)
		}
	}
	if len(f.SessionTag) > 0 {
		role.SessionTags = f.SessionTag
	}
	aws.Credentials = &accountsv1.AwsAccount_AssumeRole{AssumeRole: role}
	return nil
}

func (f *awsSignIn) applyKey(s *session, aws *accountsv1.AwsAccount) error {
	key := aws.GetAccessKey()
	if key == nil {
		key = &accountsv1.AwsAccessKey{}
	}
	if f.AccessKeyID != nil {
		key.AccessKeyId = *f.AccessKeyID
	}
	if key.GetAccessKeyId() == "" {
		return advise("add --access-key-id", "a secret was given without an access key")
	}
	secret, err := f.secret(s, key.GetAccessKeyId())
	if err != nil {
		return err
	}
	key.SecretAccessKey = secret
	aws.Credentials = &accountsv1.AwsAccount_AccessKey{AccessKey: key}
	return nil
}
