package console

import (
	"strings"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
)

// cloudName returns the name of a provider for people.
func cloudName(provider string) string {
	switch provider {
	case commonv1.Provider_AWS.String():
		return "AWS"
	case commonv1.Provider_GCP.String():
		return "Google Cloud"
	}
	return enumText(provider)
}

// cloudID returns the id that the cloud gave an account.
func cloudID(a *accountsv1.Account) string {
	return a.GetAws().GetAccountId() + a.GetGcp().GetProjectId() // one of them is empty
}

// signIn returns the sign-in method of an account and its identity. Neither is secret.
func signIn(a *accountsv1.Account) (by, as string) {
	if a.GetGcp() != nil {
		return googleSignIn(a.GetGcp())
	}
	switch method := a.GetAws().GetCredentials().(type) {
	case *accountsv1.AwsAccount_AssumeRole:
		by, as = "assumed role", method.AssumeRole.GetRoleArn()
		if source := method.AssumeRole.GetSourceAccount(); source != "" {
			by += " from " + strings.TrimPrefix(source, "accounts/")
		}
		return by, as
	case *accountsv1.AwsAccount_AccessKey:
		return "access key", method.AccessKey.GetAccessKeyId()
	}
	return "default credentials", ""
}

func googleSignIn(project *accountsv1.GcpProject) (by, as string) {
	switch method := project.GetCredentials().(type) {
	case *accountsv1.GcpProject_ServiceAccountKey:
		return "service account key", method.ServiceAccountKey.GetClientEmail()
	case *accountsv1.GcpProject_Impersonation:
		return "impersonation", method.Impersonation.GetServiceAccount()
	case *accountsv1.GcpProject_WorkloadIdentity:
		return "workload identity", method.WorkloadIdentity.GetAudience()
	}
	return "application default credentials", ""
}
