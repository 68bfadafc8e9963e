package postgres

import (
	"encoding/json"
	"fmt"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// credentialsRow is the columns that hold what everyone may see of credentials.
type credentialsRow struct {
	method   string
	settings []byte
	// source is the column source_account_id.
	source *string
}

// The words of the column credentials_method.
const (
	methodAWSDefault            = "AWS_DEFAULT"
	methodAWSAssumeRole         = "AWS_ASSUME_ROLE"
	methodAWSAccessKey          = "AWS_ACCESS_KEY"
	methodGCPApplicationDefault = "GCP_APPLICATION_DEFAULT"
	methodGCPServiceAccountKey  = "GCP_SERVICE_ACCOUNT_KEY"
	methodGCPImpersonation      = "GCP_IMPERSONATION"
	methodGCPWorkloadIdentity   = "GCP_WORKLOAD_IDENTITY" //nolint:gosec // G101: a word, not a credential
)

// The column credentials, by method; the methods that are not here have no
// settings.
type (
	assumeRoleSettings struct {
		RoleARN     string            `json:"role_arn"`
		ExternalID  string            `json:"external_id,omitempty"`
		SessionTags map[string]string `json:"session_tags,omitempty"`
	}
	accessKeySettings struct {
		AccessKeyID string `json:"access_key_id"`
	}
	serviceAccountKeySettings struct {
		ClientEmail  string `json:"client_email"`
		PrivateKeyID string `json:"private_key_id,omitempty"`
	}
	impersonationSettings struct {
		ServiceAccount string `json:"service_account"`
	}
	workloadIdentitySettings struct {
		Audience       string `json:"audience"`
		ServiceAccount string `json:"service_account,omitempty"`
	}
)

func encodeCredentials(c accounts.Credentials) (credentialsRow, error) {
	var (
		row      credentialsRow
		settings any = struct{}{}
	)
	switch c := c.(type) {
	case accounts.AWSDefault:
		row.method = methodAWSDefault
	case accounts.AWSAssumeRole:
		row.method, settings = methodAWSAssumeRole, assumeRoleSettings{c.RoleARN, c.ExternalID, c.SessionTags}
		if c.Source != "" {
			row.source = &c.Source
		}
	case accounts.AWSAccessKey:
		row.method, settings = methodAWSAccessKey, accessKeySettings(c)
	case accounts.GCPApplicationDefault:
		row.method = methodGCPApplicationDefault
	case accounts.GCPServiceAccountKey:
		row.method, settings = methodGCPServiceAccountKey, serviceAccountKeySettings(c)
	case accounts.GCPImpersonation:
		row.method, settings = methodGCPImpersonation, impersonationSettings(c)
	case accounts.GCPWorkloadIdentity:
		row.method, settings = methodGCPWorkloadIdentity, workloadIdentitySettings(c)
	default:
		return row, fmt.Errorf("credentials of type %T can't be stored", c)
	}
	var err error
	row.settings, err = json.Marshal(settings)
	return row, err
}

func (r credentialsRow) decode() (accounts.Credentials, error) {
	switch r.method {
	case methodAWSDefault:
		return accounts.AWSDefault{}, nil
	case methodAWSAssumeRole:
		role, err := read[assumeRoleSettings](r)
		c := accounts.AWSAssumeRole{RoleARN: role.RoleARN, ExternalID: role.ExternalID, SessionTags: role.SessionTags}
		if r.source != nil {
			c.Source = *r.source
		}
		return c, err
	case methodAWSAccessKey:
		key, err := read[accessKeySettings](r)
		return accounts.AWSAccessKey(key), err
	case methodGCPApplicationDefault:
		return accounts.GCPApplicationDefault{}, nil
	case methodGCPServiceAccountKey:
		key, err := read[serviceAccountKeySettings](r)
		return accounts.GCPServiceAccountKey(key), err
	case methodGCPImpersonation:
		impersonation, err := read[impersonationSettings](r)
		return accounts.GCPImpersonation(impersonation), err
	case methodGCPWorkloadIdentity:
		identity, err := read[workloadIdentitySettings](r)
		return accounts.GCPWorkloadIdentity(identity), err
	}
	return nil, fmt.Errorf("the credentials method %q is unknown to this program: a newer one wrote it", r.method)
}

func read[S any](r credentialsRow) (settings S, err error) {
	if err := json.Unmarshal(r.settings, &settings); err != nil {
		return settings, fmt.Errorf("read the settings of %s: %w", r.method, err)
	}
	return settings, nil
}

// sourceConstraint keeps the source of a role on the roll.
const sourceConstraint = "accounts_source_account_id_fkey"

// sourceFault is the fault of writing an account whose source is not on the
// roll, or of whatever else went wrong.
func sourceFault(account *accounts.Account, err error) error {
	if role, ok := account.Credentials.(accounts.AWSAssumeRole); ok && postgres.Constraint(err) == sourceConstraint {
		return accounts.NoSource(role.Source)
	}
	return postgres.Fault(err)
}
