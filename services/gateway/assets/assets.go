// Package assets serves the style sheet and scripts of the console and the API
// page. All of them are in the program: no page fetches anything from elsewhere.
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

// prefix is where Handler is mounted.
const prefix = "/assets/"

// versions are short hashes of the files' content, by name.
var versions = hashes()

func hashes() map[string]string {
	byName := map[string]string{}
	entries, err := files.ReadDir("files")
	if err != nil {
		panic(err) // The folder is embedded: there is no build without it.
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

// URL is where a file is served; it changes when its content does, so that
// browsers may keep what they have for good. It panics for a name that is not
// there, which the first test of the page finds.
func URL(name string) string {
	version, ok := versions[name]
	if !ok {
		panic(fmt.Sprintf("assets: there is no file %q", name))
	}
	return prefix + name + "?v=" + version
}

// Handler serves the files under /assets/.
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
