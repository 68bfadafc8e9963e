package provider

import (
	"log/slog"
	"time"
)

// Account is what discovery needs to know of an account on the roll.
type Account struct {
	// ID is the last part of accounts/{account}.
	ID       string
	Provider ProviderName
	// CloudID is the cloud's own id of it, which the credentials must open.
	CloudID string
	// Regions to read; empty: all that are enabled.
	Regions []string
	// Paused accounts are passed over by the schedule.
	Paused bool
	// ReadOnly accounts have nothing started or stopped in them.
	ReadOnly bool
	// SyncInterval from one sync to the next; 0: the process's default.
	SyncInterval time.Duration
	// UpdateTime is when its settings last changed.
	UpdateTime time.Time
}

// Credentials are one way to sign in to a cloud account. The types in this
// package are all there are.
type Credentials interface {
	isCredentials()
}

// AWSDefault is the default credential chain of this process.
type AWSDefault struct{}

// AWSAccessKey is an access key that does not expire.
type AWSAccessKey struct {
	// ID of the key; not a secret.
	ID     string
	Secret Secret
}

// AWSAssumeRole is a role to assume.
type AWSAssumeRole struct {
	RoleARN string
	// ExternalID that the role's trust policy asks for; may be empty.
	ExternalID string
	// SessionTags of the role's session, by their keys; may be empty.
	SessionTags map[string]string
	// Source are the AWS credentials that assume the role, which may be a role in
	// turn; nil: the default chain.
	Source Credentials
}

// GCPApplicationDefault are the application default credentials of this process.
type GCPApplicationDefault struct{}

// GCPServiceAccountKey is a service account's key file.
type GCPServiceAccountKey struct{ JSON Secret }

// GCPImpersonation is a service account to impersonate, starting from the
// application default credentials.
type GCPImpersonation struct {
	// ServiceAccount is its email address.
	ServiceAccount string
}

// GCPWorkloadIdentity is a credential configuration of type external_account.
type GCPWorkloadIdentity struct{ JSON Secret }

// MethodCredentials are the credentials of a cloud that has no type of its own here: a way to sign in
// whose settings are texts.
type MethodCredentials struct {
	// Method is the name of the way to sign in, as the descriptor of the cloud has it.
	Method string
	// Settings by the names of the contract's fields.
	Settings map[string]string
	Secret   Secret
}

// Secret is a text that shows nowhere, neither in logs nor in errors, unless it
// is asked for by name: string(secret).
type Secret string

// String hides the secret.
func (Secret) String() string { return "(hidden)" }

// GoString hides the secret.
func (Secret) GoString() string { return "(hidden)" }

// LogValue hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON hides the secret.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

func (AWSDefault) isCredentials()            {}
func (AWSAccessKey) isCredentials()          {}
func (AWSAssumeRole) isCredentials()         {}
func (GCPApplicationDefault) isCredentials() {}
func (GCPServiceAccountKey) isCredentials()  {}
func (GCPImpersonation) isCredentials()      {}
func (GCPWorkloadIdentity) isCredentials()   {}
func (MethodCredentials) isCredentials()     {}
