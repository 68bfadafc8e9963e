package dbtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
)

// Template says what a fresh database holds. Templates with the same Service, Name and Version are the same one and are
// migrated once.
type Template struct {
	// Service, when set, is provisioned as in production: the database has its schema, and Migrate and the tests work as
	// its role.
	Service string
	// Name tells templates of one service apart.
	Name string
	// Version changes when the outcome of Migrate does; see HashFS. It matters for servers that outlive the binary.
	Version string
	// Migrate fills the template through the given address and closes its connections. Nil: the template stays empty.
	Migrate func(ctx context.Context, url string) error
}

// database is the template's name on the server.
func (t Template) database() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", t.Service, t.Name, t.Version))
	return "rollcall_template_" + hex.EncodeToString(sum[:12])
}

func (t Template) String() string { return t.Service + "/" + t.Name }

// HashFS returns a hash of the names and contents of all files below the root, such as a set of migrations. It panics
// when a file can't be read, which embedded files always can.
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
