package dbtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
)

// Template defines the content of a new database. Templates with the same Service, Name and
// Version are the same, and are migrated once.
type Template struct {
	// Service is provisioned as in production if it is set: the database has its schema, and
	// Migrate and the tests use its role.
	Service string
	// Name distinguishes the templates of one service.
	Name string
	// Version changes with the result of Migrate; see HashFS. It matters for servers that
	// outlive the binary.
	Version string
	// Migrate creates the content of the template at the given address and closes its
	// connections. A template without Migrate is empty.
	Migrate func(ctx context.Context, url string) error
}

// database returns the name of the template on the server.
func (t Template) database() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", t.Service, t.Name, t.Version))
	return "rollcall_template_" + hex.EncodeToString(sum[:12])
}

func (t Template) String() string { return t.Service + "/" + t.Name }

// HashFS returns a hash of the names and contents of all files, such as a set of
// migrations. It panics if a file can't be read, which does not happen for embedded files.
func HashFS(files fs.FS) string {
	hash := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		fmt.Fprintf(hash, "%q %d\n", path, len(content))
		hash.Write(content)
		return nil
	})
	if err != nil {
		panic(fmt.Sprintf("dbtest: hashing files: %v", err))
	}
	return hex.EncodeToString(hash.Sum(nil))
}
