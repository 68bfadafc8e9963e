package accounts

import (
	"crypto/rand"
	"strings"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Credentials are one way to sign in to a cloud account: what everyone may see
// of it. The types in this package are all there are.
type Credentials interface {
	isCredentials()
}

// AWSDefault is the default credential chain of the process that reads the
// cloud.
type AWSDefault struct{}

// AWSAssumeRole is a role to assume, starting from the default chain or from
// another account's credentials.
type AWSAssumeRole struct {
	// RoleARN, `arn:aws:iam::100000000001:role/rollcall`.
	RoleARN string
	// ExternalID that the role's trust policy asks for; may be empty.
	ExternalID string
	// Source is the id of the account on the roll whose credentials assume the
	// role; empty: the default chain.
	Source string
	// SessionTags of the session; nil when there are none.
	SessionTags map[string]string
}

// AWSAccessKey is an access key of an IAM user. Its secret is the secret access
// key.
type AWSAccessKey struct {
	AccessKeyID string
}

// GCPApplicationDefault is the application default credentials of the process
// that reads the cloud.
type GCPApplicationDefault struct{}

// GCPServiceAccountKey is the key of a service account. Its secret is the key
// file.
type GCPServiceAccountKey struct {
	// ClientEmail is the service account's; PrivateKeyID tells which of its keys
	// this is.
	ClientEmail, PrivateKeyID string
}

// GCPImpersonation is a service account to impersonate, starting from the
// application default credentials.
type GCPImpersonation struct {
	// ServiceAccount by its email address.
	ServiceAccount string
}

// GCPWorkloadIdentity is workload identity federation. Its secret is the
// configuration file.
type GCPWorkloadIdentity struct {
	// Audience is the pool's provider that tokens are exchanged with.
	Audience string
	// ServiceAccount that is impersonated then; empty when none is, or its
	// address does not tell.
	ServiceAccount string
}

func (AWSDefault) isCredentials()            {}
func (AWSAssumeRole) isCredentials()         {}
func (AWSAccessKey) isCredentials()          {}
func (GCPApplicationDefault) isCredentials() {}
func (GCPServiceAccountKey) isCredentials()  {}
func (GCPImpersonation) isCredentials()      {}
func (GCPWorkloadIdentity) isCredentials()   {}

// DefaultCredentials are how to sign in to a cloud when nothing else is said:
// with what the process that reads it has.
func DefaultCredentials(provider Provider) Credentials {
	if provider == GCP {
		return GCPApplicationDefault{}
	}
	return AWSDefault{}
}

// HasSecret tells whether credentials go with a secret.
func HasSecret(c Credentials) bool {
	switch c.(type) {
	case AWSAccessKey, GCPServiceAccountKey, GCPWorkloadIdentity:
		return true
	}
	return false
}

// validate holds a role to the account that is read through it.
func (r AWSAssumeRole) validate(a *Account) error {
	// A role of another account would read that one's instances under this
	// one's name.
	if owner := roleOwner(r.RoleARN); owner != a.CloudID {
		return fault.Invalid("account.aws.assume_role.role_arn",
			"the role belongs to account %s, and must belong to %s", owner, a.CloudID)
	}
	if r.Source != "" && r.Source == a.ID {
		return fault.Invalid("account.aws.assume_role.source_account", "must be another account")
	}
	return nil
}

// roleOwner is the account in an ARN, `arn:partition:iam::ACCOUNT:role/name`
// (IAM User Guide, "IAM ARNs"); "" when there is none.
func roleOwner(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}

// MintExternalID gives a role that came without an external id one that nobody
// can guess. It is Rollcall's to choose, never its user's customer's: otherwise
// someone could name another's role with that one's external id, and read an
// account that is not theirs (IAM User Guide, "The confused deputy problem").
//
// The external id of the role that is held stays when none is stated. held is
// nil for a new account.
func (a *Account) MintExternalID(held *Account) {
	role, ok := a.Credentials.(AWSAssumeRole)
	if !ok || role.ExternalID != "" {
		return
	}
	var before AWSAssumeRole
	if held != nil {
		before, ok = held.Credentials.(AWSAssumeRole)
	}
	if held != nil && ok && (before.ExternalID != "" || before.RoleARN == role.RoleARN) {
		// A role that is assumed without an external id goes on so: its trust
		// policy may ask for none.
		role.ExternalID = before.ExternalID
	} else {
		role.ExternalID = "rollcall-" + rand.Text() // 130 random bits
	}
	a.Credentials = role
}
