// Package example describes the example cloud of docs/howto/add-a-provider.md. Tests register it;
// programs do not offer it.
package example

import (
	"net/url"
	"regexp"

	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

// APIKey is the name of the way to sign in.
const APIKey = "EXAMPLE_API_KEY" //nolint:gosec // G101: a name, not a credential

// Descriptor returns the description of the example cloud.
func Descriptor() *cloud.Descriptor {
	return &cloud.Descriptor{
		Provider: cloud.Example,
		Name:     "Example",
		Title:    "The Example Cloud",
		Account: cloud.Account{
			Noun: "Example account", Field: "example", IDField: "account_id",
			ID:     regexp.MustCompile(`^[a-z][a-z0-9-]{2,30}$`),
			IDRule: "lower case letters, digits and hyphens", IDExample: "acme-prod",
			Prefix: "example-",
		},
		Kinds: []cloud.KindSupport{
			{Kind: cloud.VirtualMachine, Service: "Servers", Scope: cloud.Zonal},
			{Kind: cloud.Database, Service: "Stores", Scope: cloud.Regional},
		},
		// A zone is a letter, a hyphen and the region: a-north.
		Zone: regexp.MustCompile(`^[a-z]-([a-z]+)$`),
		Methods: []cloud.Method{{
			Name: APIKey, Field: "api_key", Title: "API key", Identity: "name", Secret: "key",
			Summary: func(name string) string { return "API key " + name },
		}},
		InstanceIDs:  []*regexp.Regexp{regexp.MustCompile(`^(server|store)-[0-9]{6}$`)},
		InstanceURIs: []*regexp.Regexp{regexp.MustCompile(`^example://`)},
		Console: func(r cloud.Resource) string {
			return "https://console.example.com/" + url.PathEscape(r.CloudID) + "/" + url.PathEscape(r.ProviderID)
		},
		Environment: cloud.Environment{Credentials: []string{"EXAMPLE_API_KEY"}, Endpoints: []string{"EXAMPLE_ENDPOINT"}},
	}
}
