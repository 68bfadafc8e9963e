package grpc

import (
	"slices"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
)

// gcpCredentials are the credentials in a project's settings, and the secret that
// came with them. What key files show is read from the files.
func gcpCredentials(in *accountsv1.GcpProject) (accounts.Credentials, string) {
	switch c := in.GetCredentials().(type) {
	case *accountsv1.GcpProject_ServiceAccountKey:
		return accounts.GCPServiceAccountKey{}, c.ServiceAccountKey.GetJson()
	case *accountsv1.GcpProject_Impersonation:
		return accounts.GCPImpersonation{ServiceAccount: c.Impersonation.GetServiceAccount()}, ""
	case *accountsv1.GcpProject_WorkloadIdentity:
		return accounts.GCPWorkloadIdentity{}, c.WorkloadIdentity.GetJson()
	}
	return accounts.GCPApplicationDefault{}, ""
}

func gcpToProto(account *accounts.Account) *accountsv1.GcpProject {
	gcp := &accountsv1.GcpProject{ProjectId: account.CloudID, Regions: slices.Clone(account.Regions)}
	switch c := account.Credentials.(type) {
	case accounts.GCPApplicationDefault:
		gcp.Credentials = &accountsv1.GcpProject_ApplicationDefault{ApplicationDefault: &accountsv1.GcpApplicationDefault{}}
	case accounts.GCPServiceAccountKey:
		gcp.Credentials = &accountsv1.GcpProject_ServiceAccountKey{ServiceAccountKey: serviceAccountKeyToProto(c)}
	case accounts.GCPImpersonation:
		gcp.Credentials = &accountsv1.GcpProject_Impersonation{Impersonation: &accountsv1.GcpImpersonation{ServiceAccount: c.ServiceAccount}}
	case accounts.GCPWorkloadIdentity:
		gcp.Credentials = &accountsv1.GcpProject_WorkloadIdentity{WorkloadIdentity: &accountsv1.GcpWorkloadIdentity{Audience: c.Audience}}
	}
	return gcp
}

func serviceAccountKeyToProto(key accounts.GCPServiceAccountKey) *accountsv1.GcpServiceAccountKey {
	return &accountsv1.GcpServiceAccountKey{ClientEmail: key.ClientEmail, PrivateKeyId: key.PrivateKeyID}
}

// gcpSignIn is how to sign in to a project, with its secret; nil when the
// contract has no form for it.
func gcpSignIn(account *accounts.Account, secret accounts.Secret) *accountsv1.GcpCredentials {
	gcp := &accountsv1.GcpCredentials{ProjectId: account.CloudID}
	switch c := account.Credentials.(type) {
	case accounts.GCPApplicationDefault:
		gcp.Method = &accountsv1.GcpCredentials_ApplicationDefault{ApplicationDefault: &accountsv1.GcpApplicationDefault{}}
	case accounts.GCPServiceAccountKey:
		key := serviceAccountKeyToProto(c)
		key.Json = secret.Reveal()
		gcp.Method = &accountsv1.GcpCredentials_ServiceAccountKey{ServiceAccountKey: key}
	case accounts.GCPImpersonation:
		gcp.Method = &accountsv1.GcpCredentials_Impersonation{Impersonation: &accountsv1.GcpImpersonation{ServiceAccount: c.ServiceAccount}}
	case accounts.GCPWorkloadIdentity:
		gcp.Method = &accountsv1.GcpCredentials_WorkloadIdentity{WorkloadIdentity: &accountsv1.GcpWorkloadIdentity{
			Audience: c.Audience, Json: secret.Reveal(),
		}}
	default:
		return nil
	}
	return gcp
}
