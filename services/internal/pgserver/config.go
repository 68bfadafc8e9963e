package pgserver

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

// Config configures a server. Only DataDir is required.
type Config struct {
	// DataDir is the folder of this server, see the overview of the package. It is created if
	// it does not exist.
	DataDir string
	// ProgramsDir is the folder of initdb and postgres. If it is set, no other folder is
	// searched.
	ProgramsDir string
	// FetchOnly ignores the programs on this machine and uses downloaded ones.
	FetchOnly bool
	// CacheDir is the folder of downloaded programs. Default: rollcall/postgres in the user's cache folder, /var/cache for root.
	CacheDir string
	// RepositoryURL is the Maven repository to fetch from. Default: the one of the library that fetches.
	RepositoryURL string
	// Port is the TCP port on 127.0.0.1; 0 means any free one.
	Port int
	// FsyncOff trades the safety of the data in a crash of the whole machine for speed; for tests.
	FsyncOff bool
	// Settings are more settings of postgres (as in postgresql.conf). They override the
	// defaults.
	Settings map[string]string
	// Logger logs starts, restarts and downloads. By default they are discarded.
	Logger *slog.Logger
	// OnChange is called with each new status, one call at a time. It must not block or call
	// Stop.
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

// defaultCacheDir returns a folder that outlives the data. For root it is one that the user who runs
// postgres can reach as well.
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
