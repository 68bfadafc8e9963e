package dbtest

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/rollcall-dev/rollcall/services/internal/pgserver"
)

// instance is a server in a temporary folder.
type instance struct {
	server *pgserver.Server
	config pgserver.Config
}

// settings make databases cheap and their statistics a matter of the test alone.
var settings = map[string]string{
	"autovacuum":      "off",
	"max_connections": "300",
	"shared_buffers":  "64MB",
	"wal_level":       "minimal",
	"max_wal_senders": "0",
	"max_wal_size":    "4GB",
}

func newInstance(ctx context.Context) (*instance, error) {
	dir, err := os.MkdirTemp("", folderPrefix)
	if err != nil {
		return nil, fmt.Errorf("making a folder for the server: %w", err)
	}
	i := &instance{config: pgserver.Config{DataDir: dir, FsyncOff: true, Settings: settings}}
	if i.server, err = pgserver.Start(ctx, i.config); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	i.config.Port = i.server.Port() // for the next start
	return i, nil
}

// folderPrefix begins the names of the folders of test servers.
const folderPrefix = "rollcall-dbtest-"

func (i *instance) url() string { return i.server.URL("postgres") }

// remove stops the server the quick way and deletes its data.
func (i *instance) remove() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return errors.Join(i.server.Stop(ctx), os.RemoveAll(i.config.DataDir))
}
