package pgserver

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

// Config says where a server keeps its things and how it runs. Only DataDir is required.
type Config struct {
	// DataDir is the folder of this server, see the package's overview; it is created when absent.
	DataDir string
	// ProgramsDir is a folder that holds initdb and postgres. When it is set, no other place is looked at.
	ProgramsDir string
	// FetchOnly passes over the programs on this machine and takes the fetched ones.
	FetchOnly bool
	// CacheDir holds fetched programs. Default: rollcall/postgres in the user's cache folder, /var/cache for root.
	CacheDir string
	// RepositoryURL is the Maven repository to fetch from. Default: the one of the library that fetches.
	RepositoryURL string
	// Port is the TCP port on 127.0.0.1; 0 means any free one.
	Port int
	// FsyncOff trades the safety of the data in a crash of the whole machine for speed; for tests.
	FsyncOff bool
	// Settings are further settings for postgres (as in postgresql.conf); they win over the defaults.
	Settings map[string]string
	// Logger is told of starts, restarts and what was fetched. Default: nobody.
	Logger *slog.Logger
	// OnChange, when set, is called with every new status, one call at a time. It must not block, nor call Stop.
	OnChange func(Status)
}

// complete fills in the defaults and makes the folders absolute.
func (c *Config) complete() error {
	if c.DataDir == "" {
		return errors.New("pgserver: DataDir is not set")
	}
	if c.Port < 0 || c.Port > 65535 {
		return fmt.Errorf("pgserver: port %d is not between 0 and 65535", c.Port)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.CacheDir == "" {
		c.CacheDir = defaultCacheDir(c.DataDir)
	}
	for _, dir := range []*string{&c.DataDir, &c.ProgramsDir, &c.CacheDir} {
		if *dir == "" {
			continue
		}
		abs, err := filepath.Abs(*dir)
		if err != nil {
			return fmt.Errorf("pgserver: folder %s: %w", *dir, err)
		}
		*dir = abs
	}
	return nil
}

// defaultCacheDir is a folder that outlives the data; for root one that the user who runs postgres can reach as well.
func defaultCacheDir(dataDir string) string {
	if os.Geteuid() == 0 {
		return rootCacheDir
	}
	dir, err := os.UserCacheDir()
	if err != nil { // no HOME, as in some containers
		return filepath.Join(dataDir, "programs")
	}
	return filepath.Join(dir, "rollcall", "postgres")
}
