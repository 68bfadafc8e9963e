package cli

import (
	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

// gcpSignIn has the flags of the sign-in methods of Google Cloud.
type gcpSignIn struct {
	KeyFile          string `xor:"gcp-sign-in" help:"Key file of a service account; - for standard input." placeholder:"FILE"`
	Impersonate      string `xor:"gcp-sign-in" help:"Service account that the application default credentials of the server impersonate." placeholder:"EMAIL"`
	WorkloadIdentity string `xor:"gcp-sign-in" help:"Credential configuration file of workload identity federation; - for standard input." placeholder:"FILE"`
}

// provider returns the cloud of the flags.
func (f *gcpSignIn) provider() cloud.Provider { return cloud.GCP }

// given reports whether any of the flags is set.
func (f *gcpSignIn) given() bool {
	return f.KeyFile != "" || f.Impersonate != "" || f.WorkloadIdentity != ""
}

// apply sets the credentials of a project from the flags and returns the path of the field, or ""
// if no flag is set.
func (f *gcpSignIn) apply(s *session, account *accountsv1.Account, defaults bool) (path string, err error) {
	gcp := account.GetGcp()
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
