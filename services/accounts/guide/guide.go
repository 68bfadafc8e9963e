package guide

import (
	"embed"
	"fmt"
	"strings"
	"text/template"

	"github.com/rollcall-dev/rollcall/services/accounts"
)

// Guide is how to set up one account's credentials.
type Guide struct {
	// ExternalID that the trust policy asks for; empty when no role is assumed.
	ExternalID string
	// Policy as JSON.
	Policy string
	// Snippets, any one of which does.
	Snippets []Snippet
}

// Snippet is one way to set the credentials up.
type Snippet struct {
	// Tool that runs it: aws-cli, cloudformation, terraform or gcloud.
	Tool string
	// Title for people.
	Title string
	// Text to run or to save.
	Text string
}

// Choice is what people choose of a guide.
type Choice struct {
	// Principal is who Rollcall is, an ARN or a service account's email address;
	// when it is empty and the account has no source, the snippets ask for it.
	Principal string
	// ReadOnly leaves out what starting and stopping need.
	ReadOnly bool
}

// purpose says for people what the permissions are for.
func (c Choice) purpose() string {
	if c.ReadOnly {
		return "Lets Rollcall read instances and databases"
	}
	return "Lets Rollcall read, start and stop instances and databases"
}

// For is the guide of an account. Source is the account whose credentials assume
// its role, nil when none do.
func For(account, source *accounts.Account, choice Choice) (*Guide, error) {
	if account.Provider == accounts.GCP {
		return forGCP(account, choice)
	}
	return forAWS(account, source, choice)
}

//go:embed aws gcp
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"sh": sh, "hcl": hcl, "json": quoteJSON, "indent": indent,
}).ParseFS(files, "aws/*.tmpl", "gcp/*.tmpl"))

// render fills in one template.
func render(name string, data any) (string, error) {
	var text strings.Builder
	if err := templates.ExecuteTemplate(&text, name, data); err != nil {
		return "", fmt.Errorf("fill in the snippet %s: %w", name, err)
	}
	return text.String(), nil
}

// snippets fills in templates, each named by its file.
func snippets(data any, wanted ...Snippet) ([]Snippet, error) {
	var done []Snippet
	for _, s := range wanted {
		text, err := render(s.Text, data)
		if err != nil {
			return nil, err
		}
		s.Text = text
		done = append(done, s)
	}
	return done, nil
}
