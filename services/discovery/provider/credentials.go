package provider

import "github.com/rollcall-dev/rollcall/services/internal/secret"

// Credentials are one way to sign in to a cloud account. Only the types of this package implement
// it.
type Credentials interface {
	isCredentials()
}

// AWSDefault is the default credential chain of this process.
type AWSDefault struct{}

// AWSAccessKey is an access key that does not expire.
type AWSAccessKey struct {
	// ID is the id of the key. It is not secret.
	ID     string
	Secret secret.Secret
}

// AWSAssumeRole is a role to assume.
type AWSAssumeRole struct {
	RoleARN string
	// ExternalID is the external id that the trust policy of the role requires. It may be empty.
	ExternalID string
	// SessionTags are the tags of the role's session by key. It may be empty.
	SessionTags map[string]string
	// Source are the AWS credentials that assume the role. They may be a role themselves. If Source
	// is nil, the default chain assumes the role.
	Source Credentials
}

// GCPApplicationDefault are the application default credentials of this process.
type GCPApplicationDefault struct{}

// GCPServiceAccountKey is the key file of a service account.
type GCPServiceAccountKey struct{ JSON secret.Secret }

// GCPImpersonation is a service account to impersonate with the application default credentials.
type GCPImpersonation struct {
	// ServiceAccount is the email address of the service account.
	ServiceAccount string
}

// GCPWorkloadIdentity is a credential configuration of type external_account.
type GCPWorkloadIdentity struct{ JSON secret.Secret }

// MethodCredentials are the credentials of a cloud that has no type of its own here: a sign-in
// method whose settings are texts.
type MethodCredentials struct {
	// Method is the name of the sign-in method in the descriptor of the cloud.
	Method string
	// Settings are the settings of the method by the names of the fields of the API.
	Settings map[string]string
	Secret   secret.Secret
}

func (AWSDefault) isCredentials()            {}
func (AWSAccessKey) isCredentials()          {}
func (AWSAssumeRole) isCredentials()         {}
func (GCPApplicationDefault) isCredentials() {}
func (GCPServiceAccountKey) isCredentials()  {}
func (GCPImpersonation) isCredentials()      {}
func (GCPWorkloadIdentity) isCredentials()   {}
func (MethodCredentials) isCredentials()     {}
