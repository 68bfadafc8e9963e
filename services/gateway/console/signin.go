package console

import (
	"strings"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
	"github.com/rollcall-dev/rollcall/services/internal/cloudaccount"
)

// cloudName returns what people call a provider.
func cloudName(provider string) string {
	if d, ok := registry.Find(cloud.Provider(provider)); ok {
		return d.Name
	}
	return enumText(provider)
}

// cloudID returns the cloud's own id of an account.
func cloudID(a *accountsv1.Account) string {
	account, _ := cloudaccount.Of(a)
	return account.ID
}

// signIn returns the way to sign in to an account and the identity that it uses, neither of which
// is secret.
func signIn(a *accountsv1.Account) (by, as string) {
	account, _ := cloudaccount.Of(a)
	by, as = account.Method.Title, account.Identity
	if source := a.GetAws().GetAssumeRole().GetSourceAccount(); source != "" {
		by += " from " + strings.TrimPrefix(source, "accounts/")
	}
	return by, as
}
