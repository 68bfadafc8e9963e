package console

import (
	"strings"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
	"github.com/rollcall-dev/rollcall/services/internal/cloudaccount"
)

// cloudName returns the name of a provider for people.
func cloudName(provider string) string {
	if d, ok := registry.Find(cloud.Provider(provider)); ok {
		return d.Name
	}
	return enumText(provider)
}

// cloudID returns the id that the cloud gave an account.
func cloudID(a *accountsv1.Account) string {
	account, _ := cloudaccount.Of(a)
	return account.ID
}

// signIn returns the sign-in method of an account and its identity. Neither is secret.
func signIn(a *accountsv1.Account) (by, as string) {
	account, _ := cloudaccount.Of(a)
	by = account.Method.Title
	if account.Source != "" {
		by += " from " + strings.TrimPrefix(account.Source, "accounts/")
	}
	return by, account.Identity
}
