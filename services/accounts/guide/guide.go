package guide

import (
	"fmt"
	"io/fs"
	"strings"
	"text/template"

	"github.com/rollcall-dev/rollcall/services/accounts"
)

// Guide describes how to set up the credentials of one account.
type Guide struct {
	// ExternalID that the trust policy asks for; empty if no role is assumed.
	ExternalID string
	// Policy as JSON.
	Policy string
	// Snippets, any one of which is enough.
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

// Choice has the options of a guide.
type Choice struct {
	// Principal is the identity that Rollcall runs as, an ARN or a service account's email address.
	// If it is empty and the account has no source, the snippets ask for it.
	Principal string
	// ReadOnly leaves out what starting and stopping need.
	ReadOnly bool
}

// Purpose describes the purpose of the permissions, for people.
func (c Choice) Purpose() string {
	if c.ReadOnly {
		return "Lets Rollcall read instances and databases"
	}
	return "Lets Rollcall read, start and stop instances and databases"
}

// Func writes the guide of an account. The source is the account whose credentials it signs in
// with, or nil.
type Func func(account, source *accounts.Account, choice Choice) (*Guide, error)

// Templates is the set of snippets of one cloud.
type Templates struct{ set *template.Template }

// ParseTemplates reads the templates of a folder; it panics if one can't be parsed, as it is
// embedded in the program.
func ParseTemplates(files fs.FS) Templates {
	return Templates{template.Must(template.New("").Funcs(template.FuncMap{
		"sh": sh, "hcl": hcl, "json": quoteJSON, "indent": indent,
	}).ParseFS(files, "*.tmpl"))}
}

// Fill fills in snippets. The Text of each is the name of its template.
func (t Templates) Fill(data any, snippets ...Snippet) ([]Snippet, error) {
	var filled []Snippet
	for _, s := range snippets {
		var text strings.Builder
		if err := t.set.ExecuteTemplate(&text, s.Text, data); err != nil {
			return nil, fmt.Errorf("fill in the snippet %s: %w", s.Text, err)
		}
		s.Text = text.String()
		filled = append(filled, s)
	}
	return filled, nil
}
