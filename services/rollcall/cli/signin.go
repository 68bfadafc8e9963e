package cli

import (
	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/internal/cloudaccount"
)

// awsSignIn are the flags of the ways to sign in to AWS.
type awsSignIn struct {
	RoleARN       *string           `name:"role-arn" xor:"aws-sign-in" help:"Role to assume in the account." placeholder:"ARN"`
	ExternalID    *string           `help:"External id that the role's trust policy asks for. Default: one that Rollcall makes." placeholder:"ID"`
	SourceAccount *string           `help:"Account on the roll whose credentials assume the role. Default: the server's own credentials." placeholder:"ACCOUNT" complete:"account"`
	SessionTag    map[string]string `help:"Session tag of the role session, KEY=VALUE; may be repeated." placeholder:"KEY=VALUE" mapsep:"none"`

	AccessKeyID          *string `name:"access-key-id" xor:"aws-sign-in" help:"Id of an access key." placeholder:"ID"`
	SecretAccessKeyStdin bool    `xor:"aws-secret" help:"Read the access key's secret from standard input."`
	SecretAccessKeyFile  string  `xor:"aws-secret" help:"Read the access key's secret from a file." placeholder:"FILE" type:"path"`
}

// given tells whether any of the flags is set.
func (f *awsSignIn) given() bool { return f.role() || f.key() }

func (f *awsSignIn) role() bool {
	return f.RoleARN != nil || f.ExternalID != nil || f.SourceAccount != nil || len(f.SessionTag) > 0
}

func (f *awsSignIn) key() bool {
	return f.AccessKeyID != nil || f.SecretAccessKeyStdin || f.SecretAccessKeyFile != ""
}

// applyTo implements signInFlags.
func (f *awsSignIn) applyTo(s *session, a *accountsv1.Account, defaults bool) (path string, err error) {
	return f.apply(s, a.GetAws(), defaults)
}

// apply lays the flags over an account and returns the path of what it changed; "" when nothing was given.
func (f *awsSignIn) apply(s *session, aws *accountsv1.AwsAccount, defaults bool) (path string, err error) {
	switch {
	case defaults:
		aws.Credentials = &accountsv1.AwsAccount_DefaultCredentials{DefaultCredentials: &accountsv1.AwsDefaultCredentials{}}
		return "aws.default_credentials", nil
	case f.role() && f.key():
		return "", advise("give either --role-arn or --access-key-id; a role is assumed from a key by putting the key's account on the roll and naming it with --source-account",
			"two ways to sign in were given")
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
		return advise("give --role-arn too", "an external id, a source account and session tags are for a role, and no role is given")
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
		return advise("give --access-key-id too", "a secret is given, and no access key")
	}
	secret, err := f.secret(s, key.GetAccessKeyId())
	if err != nil {
		return err
	}
	key.SecretAccessKey = secret
	aws.Credentials = &accountsv1.AwsAccount_AccessKey{AccessKey: key}
	return nil
}

// gcpSignIn are the flags of the ways to sign in to Google Cloud.
type gcpSignIn struct {
	KeyFile          string `xor:"gcp-sign-in" help:"Key file of a service account; - for standard input." placeholder:"FILE"`
	Impersonate      string `xor:"gcp-sign-in" help:"Service account that the server's own application default credentials impersonate." placeholder:"EMAIL"`
	WorkloadIdentity string `xor:"gcp-sign-in" help:"Credential configuration file of workload identity federation; - for standard input." placeholder:"FILE"`
}

// given tells whether any of the flags is set.
func (f *gcpSignIn) given() bool {
	return f.KeyFile != "" || f.Impersonate != "" || f.WorkloadIdentity != ""
}

// applyTo implements signInFlags.
func (f *gcpSignIn) applyTo(s *session, a *accountsv1.Account, defaults bool) (path string, err error) {
	return f.apply(s, a.GetGcp(), defaults)
}

// apply lays the flags over a project and returns the path of what it changed; "" when nothing was given.
func (f *gcpSignIn) apply(s *session, gcp *accountsv1.GcpProject, defaults bool) (path string, err error) {
	switch {
	case defaults:
		gcp.Credentials = &accountsv1.GcpProject_ApplicationDefault{ApplicationDefault: &accountsv1.GcpApplicationDefault{}}
		return "gcp.application_default", nil
	case f.KeyFile != "":
		json, err := s.readSecret(f.KeyFile)
		gcp.Credentials = &accountsv1.GcpProject_ServiceAccountKey{ServiceAccountKey: &accountsv1.GcpServiceAccountKey{Json: json}}
		return "gcp.service_account_key", err
	case f.Impersonate != "":
		gcp.Credentials = &accountsv1.GcpProject_Impersonation{Impersonation: &accountsv1.GcpImpersonation{ServiceAccount: f.Impersonate}}
		return "gcp.impersonation", nil
	case f.WorkloadIdentity != "":
		json, err := s.readSecret(f.WorkloadIdentity)
		gcp.Credentials = &accountsv1.GcpProject_WorkloadIdentity{WorkloadIdentity: &accountsv1.GcpWorkloadIdentity{Json: json}}
		return "gcp.workload_identity", err
	}
	return "", nil
}

// signsInBy returns the way to sign in to an account, in few words.
func signsInBy(a *accountsv1.Account) string {
	account, ok := cloudaccount.Of(a)
	if !ok {
		return ""
	}
	return account.SignIn()
}
