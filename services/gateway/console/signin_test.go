package console

import (
	"testing"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	aws := func(a *accountsv1.AwsAccount) *accountsv1.Account {
		return &accountsv1.Account{Cloud: &accountsv1.Account_Aws{Aws: a}}
	}
	gcp := func(p *accountsv1.GcpProject) *accountsv1.Account {
		return &accountsv1.Account{Cloud: &accountsv1.Account_Gcp{Gcp: p}}
	}
	for _, c := range []struct {
		account *accountsv1.Account
		by, as  string
	}{
		{aws(&accountsv1.AwsAccount{}), "default credentials", ""},
		{aws(&accountsv1.AwsAccount{Credentials: &accountsv1.AwsAccount_AccessKey{
			AccessKey: &accountsv1.AwsAccessKey{AccessKeyId: "AKIA1"}}}), "access key", "AKIA1"},
		{aws(&accountsv1.AwsAccount{Credentials: &accountsv1.AwsAccount_AssumeRole{
			AssumeRole: &accountsv1.AwsAssumeRole{RoleArn: "arn"}}}), "assumed role", "arn"},
		{aws(&accountsv1.AwsAccount{Credentials: &accountsv1.AwsAccount_AssumeRole{
			AssumeRole: &accountsv1.AwsAssumeRole{RoleArn: "arn", SourceAccount: "accounts/hub"}}}), "assumed role from hub", "arn"},
		{gcp(&accountsv1.GcpProject{}), "application default credentials", ""},
		{gcp(&accountsv1.GcpProject{Credentials: &accountsv1.GcpProject_ServiceAccountKey{
			ServiceAccountKey: &accountsv1.GcpServiceAccountKey{ClientEmail: "a@b"}}}), "service account key", "a@b"},
		{gcp(&accountsv1.GcpProject{Credentials: &accountsv1.GcpProject_Impersonation{
			Impersonation: &accountsv1.GcpImpersonation{ServiceAccount: "a@b"}}}), "impersonation", "a@b"},
		{gcp(&accountsv1.GcpProject{Credentials: &accountsv1.GcpProject_WorkloadIdentity{
			WorkloadIdentity: &accountsv1.GcpWorkloadIdentity{Audience: "//iam"}}}), "workload identity", "//iam"},
	} {
		if by, as := signIn(c.account); by != c.by || as != c.as {
			t.Errorf("%v: %q, %q; want %q, %q", c.account, by, as, c.by, c.as)
		}
	}
}
