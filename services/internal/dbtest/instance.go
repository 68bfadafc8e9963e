package dbtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/pgserver"
)

// instance is a server in a temporary folder:
//
//	<dir>/owner   locked while this process lives, even if the server is stopped
//	<dir>/db      the folder of the server
type instance struct {
	dir    string
	owner  *os.File
	server *pgserver.Server
	config pgserver.Config
}

// settings make databases cheap, and leave their statistics to the test.
var settings = map[string]string{
	"autovacuum":      "off",
	"max_connections": "300",
	"shared_buffers":  "64MB",
	"max_wal_size":    "256MB", // the folder may be in memory
}

// newInstance starts a server in a new folder. onChange may be nil.
func newInstance(ctx context.Context, onChange func(pgserver.Status)) (_ *instance, err error) {
	parent := scratch()
	sweep(parent)
	i := &instance{}
	if i.dir, err = os.MkdirTemp(parent, folderPrefix); err != nil {
		return nil, fmt.Errorf("create a folder for the server: %w", err)
	}
	i.config = pgserver.Config{
		DataDir: filepath.Join(i.dir, "db"), FsyncOff: true, Settings: settings, OnChange: onChange,
	}
	if i.owner, err = os.Create(filepath.Join(i.dir, ownerFile)); err == nil {
		if err = lock(i.owner); err == nil {
			err = i.start(ctx)
		}
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(i.dir))
	}
	i.config.Port = i.server.Port() // for the next start
	return i, nil
}

func (i *instance) start(ctx context.Context) (err error) {
	i.server, err = pgserver.Start(ctx, i.config)
	return err
}

func (i *instance) url() string { return i.server.URL("postgres") }

// remove stops the server and deletes its data.
func (i *instance) remove() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return errors.Join(i.server.Stop(ctx), os.RemoveAll(i.dir), i.owner.Close())
}

// scratch returns the parent folder of test servers: TMPDIR if it is set, else a folder in
// memory if it has enough space, because a new database consists of three hundred files.
func scratch() string {
	const memory, room = "/dev/shm", 2 << 30 // bytes
	var fs syscall.Statfs_t
	if os.Getenv("TMPDIR") == "" && syscall.Statfs(memory, &fs) == nil && fs.Bavail*uint64(fs.Bsize) >= room {
		return memory
	}
	return os.TempDir()
}

const (
	folderPrefix = "rollcall-dbtest-" // begins the names of the folders of test servers
	ownerFile    = "owner"
)

// newborn is the age up to which a folder may not have been locked by its owner yet.
const newborn = time.Minute

// sweep removes the folders that killed test binaries left: those that are old and not
// locked by an owner. It ignores errors.
func sweep(parent string) {
	owners, _ := filepath.Glob(filepath.Join(parent, folderPrefix+"*", ownerFile)) // the only error is a malformed pattern
	for _, path := range owners {
		owner, err := os.Open(path)
		if err != nil {
			continue
		}
		info, err := owner.Stat()
		if err == nil && time.Since(info.ModTime()) > newborn && lock(owner) == nil {
			os.RemoveAll(filepath.Dir(path))
		}
		owner.Close()
	}
}

// lock locks a file, or fails if another process holds the lock. The lock ends when the
// file is closed.
func lock(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
