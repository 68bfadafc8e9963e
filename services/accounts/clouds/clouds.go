// Package clouds lists what belongs to each cloud in the accounts service beyond the descriptor: the
// rules of its ways to sign in, and its setup guide. A cloud that needs neither is not listed.
package clouds

import (
	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/accounts/clouds/aws"
	"github.com/rollcall-dev/rollcall/services/accounts/clouds/gcp"
	"github.com/rollcall-dev/rollcall/services/accounts/guide"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
)

// support has the rules and the guide of one cloud.
type support struct {
	// rules of the ways to sign in, by their names.
	rules map[string]accounts.Rules
	guide guide.Func
}

// list has a row for each cloud.
var list = map[cloud.Provider]support{
	cloud.AWS: {rules: aws.Rules(), guide: aws.Guide},
	cloud.GCP: {rules: gcp.Rules(), guide: gcp.Guide},
}

// Apply checks and completes the credentials of an account by the rules of their method, and
// returns the secret as it is to be stored. The stored account is nil for a new one.
func Apply(a *accounts.Account, given accounts.Secret, stored *accounts.Account, hosts keyfile.Hosts) (accounts.Secret, error) {
	return list[a.Provider].rules[a.Credentials.Method].Apply(a, given, stored, hosts)
}

// Guide returns the setup guide of an account. The source is the account whose credentials it
// signs in with, or nil.
func Guide(account, source *accounts.Account, choice guide.Choice) (*guide.Guide, error) {
	s, ok := list[account.Provider]
	if !ok {
		return nil, fault.New(fault.KindUnimplemented, fault.ReasonUnsupported,
			"there is no setup guide for %s", account.Cloud().Name)
	}
	return s.guide(account, source, choice)
}
