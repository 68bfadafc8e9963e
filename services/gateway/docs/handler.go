package docs

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Docs serves the document and its page.
type Docs struct {
	document []byte
	api      API
}

// New makes both from the generated document.
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

// Document serves /openapi.json.
func (d *Docs) Document() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(d.document) // Fails only when the caller has gone.
	})
}

// Page serves /docs.
func (d *Docs) Page() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = apiPage(d.api, "http://"+r.Host).Render(r.Context(), w) // Fails only when the browser has gone.
	})
}

// shell is an example for the place the reader is at.
func shell(example, at string) string { return strings.ReplaceAll(example, origin, at) }
