// Package assets serves the style sheets and scripts of the console and of the API page. They are
// embedded in the program: no page fetches anything from another server.
package assets

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
)

//go:embed files
var files embed.FS

// prefix is the path under which Handler is mounted.
const prefix = "/assets/"

// versions maps the names of the files to short hashes of their content.
var versions = hashes()

func hashes() map[string]string {
	byName := map[string]string{}
	entries, err := files.ReadDir("files")
	if err != nil {
		panic(err) // Can't happen: the folder is embedded.
	}
	for _, entry := range entries {
		content, err := files.ReadFile("files/" + entry.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(content)
		byName[entry.Name()] = hex.EncodeToString(sum[:6])
	}
	return byName
}

// URL returns the URL of a file. It contains a hash of the content, so that browsers may cache the
// file forever. It panics if there is no file of that name.
func URL(name string) string {
	version, ok := versions[name]
	if !ok {
		panic(fmt.Sprintf("assets: there is no file %q", name))
	}
	return prefix + name + "?v=" + version
}

// Handler returns the handler of the files under /assets/.
func Handler() http.Handler {
	root, err := fs.Sub(files, "files")
	if err != nil {
		panic(err)
	}
	server := http.StripPrefix(prefix, http.FileServerFS(root))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.URL.Path[len(prefix):]
		version, ok := versions[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("ETag", `"`+version+`"`)
		if r.URL.Query().Get("v") == version {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		} else {
			w.Header().Set("Cache-Control", "no-cache")
		}
		server.ServeHTTP(w, r)
	})
}
