package docs

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Docs serves the OpenAPI document and its page.
type Docs struct {
	document []byte
	api      API
}

// New builds both from the generated document.
func New() (*Docs, error) {
	doc, err := finished()
	if err != nil {
		return nil, err
	}
	api, err := read(doc)
	if err != nil {
		return nil, err
	}
	encoded, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, err
	}
	return &Docs{document: encoded, api: api}, nil
}

// Document returns the handler of /openapi.json.
func (d *Docs) Document() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(d.document) // Fails only if the client has disconnected.
	})
}

// Page returns the handler of /docs.
func (d *Docs) Page() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = apiPage(d.api, "http://"+r.Host).Render(r.Context(), w) // Fails only if the client has disconnected.
	})
}

// withOrigin returns an example with the URL under which the browser reached the page.
func withOrigin(example, url string) string { return strings.ReplaceAll(example, origin, url) }
