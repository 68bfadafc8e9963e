// Package migrations carries the database schema of every service that has one,
// as numbered SQL files in the format of tern. A service applies its own when it
// starts; none reads another's.
package migrations

import (
	"embed"
	"io/fs"
)

//go:embed accounts inventory discovery
var files embed.FS

// Accounts holds the migrations of the service accounts.
func Accounts() fs.FS { return folder("accounts") }

// Inventory holds the migrations of the service inventory.
func Inventory() fs.FS { return folder("inventory") }

// Discovery holds the migrations of the service discovery.
func Discovery() fs.FS { return folder("discovery") }

func folder(name string) fs.FS {
	sub, err := fs.Sub(files, name)
	if err != nil { // only a malformed name can fail, and these are constants
		panic(err)
	}
	return sub
}
