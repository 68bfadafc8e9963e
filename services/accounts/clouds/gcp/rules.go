// Package gcp has the rules of Google Cloud for the accounts service, and its setup guide.
package gcp

import (
	"errors"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/gcp"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
)

// Settings of the ways to sign in. They are read from key files, except the service account to
// impersonate.
const (
	clientEmail    = "client_email"
	privateKeyID   = "private_key_id"
	serviceAccount = "service_account"
	audience       = "audience"
)

// Rules returns the rules of the ways to sign in, by their names.
func Rules() map[string]accounts.Rules {
	return map[string]accounts.Rules{
		gcp.ServiceAccountKey: {TakeSecret: takeServiceAccountKey},
		gcp.WorkloadIdentity:  {TakeSecret: takeWorkloadIdentity},
	}
}

func takeServiceAccountKey(a *accounts.Account, given accounts.Secret, stored *accounts.Account, hosts keyfile.Hosts) (accounts.Secret, error) {
	if given.IsZero() {
		return accounts.Secret{}, keepFile(a, stored, "must be the key file that Google made")
	}
	key, err := keyfile.ParseServiceAccount([]byte(given.Reveal()), hosts)
	if err != nil {
		return accounts.Secret{}, invalidFile(a, err)
	}
	if key.ProjectID != a.CloudID {
		// Refused here rather than at the first sync.
		mismatch := fault.Invalid(fileField(a), "project_id: the key belongs to another project than %s", a.CloudID)
		mismatch.Reason = fault.ReasonAccountMismatch
		return accounts.Secret{}, mismatch
	}
	a.Credentials.Settings = nil
	a.Credentials.Set(clientEmail, key.ClientEmail)
	a.Credentials.Set(privateKeyID, key.PrivateKeyID)
	return accounts.NewSecret(string(key.JSON())), nil
}

func takeWorkloadIdentity(a *accounts.Account, given accounts.Secret, stored *accounts.Account, hosts keyfile.Hosts) (accounts.Secret, error) {
	if given.IsZero() {
		return accounts.Secret{}, keepFile(a, stored, "must be the configuration file that gcloud made")
	}
	config, err := keyfile.ParseExternalAccount([]byte(given.Reveal()), hosts)
	if err != nil {
		return accounts.Secret{}, invalidFile(a, err)
	}
	a.Credentials.Settings = nil
	a.Credentials.Set(audience, config.Audience)
	a.Credentials.Set(serviceAccount, config.ServiceAccount())
	return accounts.NewSecret(string(config.JSON())), nil
}

// keepFile keeps the stored file of the same method; without one it refuses the account.
func keepFile(a, stored *accounts.Account, problem string) error {
	if stored == nil || stored.Credentials.Method != a.Credentials.Method {
		return fault.Invalid(fileField(a), "%s", problem)
	}
	a.Credentials = stored.Credentials
	return nil
}

func fileField(a *accounts.Account) string { return a.CredentialsField(a.Method().Secret) }

// invalidFile returns the fault of a key file; it names the member that is wrong.
func invalidFile(a *accounts.Account, err error) error {
	if wrong, ok := errors.AsType[*keyfile.Error](err); ok {
		return fault.Invalid(fileField(a), "%s", wrong)
	}
	return err
}
