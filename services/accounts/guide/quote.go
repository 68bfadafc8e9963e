package guide

import (
	"encoding/json"
	"strings"
)

// sh quotes a text as one word of a POSIX shell.
func sh(text string) string {
	return `'` + strings.ReplaceAll(text, `'`, `'\''`) + `'`
}

// quoteJSON quotes a text as a string of JSON, and so of YAML.
func quoteJSON(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil { // a string can always be encoded
		panic(err)
	}
	return string(quoted)
}

// hcl quotes a text as a string of Terraform's language, in which nothing is interpolated.
func hcl(text string) string {
	return strings.NewReplacer(`${`, `$${`, `%{`, `%%{`).Replace(quoteJSON(text))
}

// indent indents all lines but the first.
func indent(spaces int, text string) string {
	return strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", spaces))
}

// PrettyJSON encodes a value as JSON for people.
func PrettyJSON(value any) (string, error) {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(value)
	return strings.TrimSuffix(text.String(), "\n"), err
}
