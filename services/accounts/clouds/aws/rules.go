// Package aws has the rules of AWS for the accounts service, and its setup guide.
package aws

import (
	"crypto/rand"
	"strings"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/aws"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Settings of the ways to sign in.
const (
	roleARN    = "role_arn"
	externalID = "external_id"
)

// Rules returns the rules of the ways to sign in, by their names.
func Rules() map[string]accounts.Rules {
	return map[string]accounts.Rules{
		aws.AssumeRole: {Validate: checkRole, Complete: completeExternalID},
	}
}

// checkRole refuses a role of another account: it would read the instances of that account under
// the name of this one.
func checkRole(a *accounts.Account) error {
	if owner := roleOwner(a.Credentials.Settings[roleARN]); owner != a.CloudID {
		return fault.Invalid(a.CredentialsField(roleARN),
			"the role belongs to account %s, and must belong to %s", owner, a.CloudID)
	}
	return nil
}

// roleOwner returns the account in an ARN, `arn:partition:iam::ACCOUNT:role/name` (IAM User Guide,
// "IAM ARNs"); "" if there is none.
func roleOwner(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}

// completeExternalID gives a role without an external id one that nobody can guess. Rollcall
// chooses it and not its user: with an external id of their choice, someone could name a role of
// another customer and read an account that is not theirs (IAM User Guide, "The confused deputy
// problem").
//
// The external id of the stored role stays if none is given.
func completeExternalID(a, stored *accounts.Account) {
	if a.Credentials.Settings[externalID] != "" {
		return
	}
	if stored != nil && stored.Credentials.Method == aws.AssumeRole {
		before := stored.Credentials.Settings
		if before[externalID] != "" || before[roleARN] == a.Credentials.Settings[roleARN] {
			// A role that is assumed without an external id stays so: its trust policy may ask for none.
			a.Credentials.Set(externalID, before[externalID])
			return
		}
	}
	a.Credentials.Set(externalID, "rollcall-"+rand.Text()) // 130 random bits
}
