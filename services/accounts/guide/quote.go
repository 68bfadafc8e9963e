package guide

import (
	"encoding/json"
	"strings"
)

// sh is a text as one word of a POSIX shell, whatever it holds.
func sh(text string) string {
	return `'` + strings.ReplaceAll(text, `'`, `'\''`) + `'`
}

// quoteJSON is a text as a string of JSON, and so of YAML.
func quoteJSON(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil { // a string always has a form
		panic(err)
	}
	return string(quoted)
}

// hcl is a text as a string of Terraform's language, in which nothing is filled
// in.
func hcl(text string) string {
	return strings.NewReplacer(`${`, `$${`, `%{`, `%%{`).Replace(quoteJSON(text))
}

// indent moves all lines but the first to the right.
func indent(spaces int, text string) string {
	return strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", spaces))
}

// pretty is a value as JSON for people.
func pretty(value any) (string, error) {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(value)
	return strings.TrimSuffix(text.String(), "\n"), err
}
