package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// The version that is fetched: a later fix than the library's own embeddedpostgres.V18.
const (
	fetchedVersion = "18.4.0"
	fetchedMajor   = 18
)

// fetchTimeout bounds the wait for some 15 MB and their unpacking, so that a silent network ends in an error.
const fetchTimeout = 5 * time.Minute

var errFetchTimeout = fmt.Errorf("not done after %s", fetchTimeout)

// fetchPrograms returns the programs in the cache folder, which it fills first when they are missing. Several processes
// may do that at once: the folder of a version appears complete or not at all.
func fetchPrograms(ctx context.Context, cfg Config, who identity) (programs, error) {
	cache, err := openCache(cfg, who)
	if err != nil {
		return programs{}, err
	}
	dir := filepath.Join(cache, fetchedVersion+"-"+platform())
	bin := filepath.Join(dir, "bin")
	if _, err := os.Stat(filepath.Join(bin, "postgres")); err == nil {
		return inspect(ctx, bin, who)
	}
	cfg.Logger.Info("fetching Postgres", "version", fetchedVersion, "into", dir)
	removeAbandoned(cache)
	waiting, cancel := context.WithTimeoutCause(ctx, fetchTimeout, errFetchTimeout)
	defer cancel()
	fetched := make(chan error, 1)
	go func() { // the library knows no contexts: what it ends too late serves the next start
		fetched <- fetch(cfg.RepositoryURL, dir)
	}()
	select {
	case err = <-fetched:
	case <-waiting.Done():
		err = context.Cause(waiting)
	}
	if err != nil {
		return programs{}, fmt.Errorf("fetching Postgres %s for %s: %w", fetchedVersion, platform(), err)
	}
	return inspect(ctx, bin, who)
}

// platform names the build that the library chooses for this machine: Alpine's is linked with another C library.
func platform() string {
	name := runtime.GOOS + "-" + runtime.GOARCH
	if _, err := os.Stat("/etc/alpine-release"); err == nil {
		name += "-alpine"
	}
	return name
}

// fetch downloads the programs and moves them to dir; another process that was faster wins. An empty repository is the
// library's own.
//
// The library can only fetch on the way to a server, and its server would be none for us: root may not start it, and it
// dies with nobody. So its Start is given what ends it behind the unpacking: a cluster that consists of its version, for
// which it runs no initdb, and port 0, which postgres refuses. Start makes its runtime folder right behind the unpacking,
// so that the folder tells an unpacking that was cut short from the failure that is meant.
func fetch(repository, dir string) (err error) {
	aside, err := os.MkdirTemp(filepath.Dir(dir), asidePrefix)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(aside)) }()
	unpacked, data, passed := filepath.Join(aside, "programs"), filepath.Join(aside, "data"), filepath.Join(aside, "runtime")
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), fmt.Appendln(nil, fetchedMajor), 0o600); err != nil {
		return err
	}
	config := embeddedpostgres.DefaultConfig().Version(fetchedVersion).Port(0).Logger(io.Discard).
		CachePath(filepath.Join(aside, "archive")).BinariesPath(unpacked).DataPath(data).RuntimePath(passed)
	if repository != "" {
		config = config.BinaryRepositoryURL(repository)
	}
	database := embeddedpostgres.NewDatabase(config)
	failure := database.Start()
	http.DefaultClient.CloseIdleConnections() // the library's client
	if failure == nil {
		if err := database.Stop(); err != nil {
			return err
		}
	}
	if _, err := os.Stat(passed); err != nil {
		return failure
	}
	return install(unpacked, dir)
}

// install moves unpacked programs to dir, unless another process was faster.
func install(unpacked, dir string) error {
	if err := openToAll(unpacked); err != nil {
		return err
	}
	err := os.Rename(unpacked, dir)
	if _, statErr := os.Stat(filepath.Join(dir, "bin", "postgres")); statErr == nil {
		return nil
	}
	return err
}

// openToAll lets everybody read and run what stands below dir, whatever the umask was: the user who runs postgres is not
// always the one who fetches it.
func openToAll(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type() == fs.ModeSymlink {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		return root.Chmod(path, mode)
	})
}

const (
	asidePrefix = "unfinished-" // begins the names of the folders that are fetched into
	abandoned   = time.Hour     // the age of such a folder whose process must have been killed
)

// removeAbandoned removes what killed processes left behind. What can't be removed is left to others.
func removeAbandoned(cache string) {
	folders, _ := filepath.Glob(filepath.Join(cache, asidePrefix+"*")) // the only error is a malformed pattern
	for _, dir := range folders {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > abandoned {
			os.RemoveAll(dir)
		}
	}
}

// openCache makes the folder for fetched programs and returns it. Where the user who runs postgres for root can't reach
// the configured one, the one for all users takes its place.
func openCache(cfg Config, who identity) (string, error) {
	if err := makePublic(cfg.CacheDir); err != nil {
		return "", err
	}
	if who.reaches(cfg.CacheDir) {
		return cfg.CacheDir, nil
	}
	if err := makePublic(rootCacheDir); err != nil {
		return "", err
	}
	if !who.reaches(rootCacheDir) {
		return "", fmt.Errorf("the user with id %d, who runs postgres for root, can reach neither %s nor %s: let everybody enter one of them",
			who.uid, cfg.CacheDir, rootCacheDir)
	}
	return rootCacheDir, nil
}

// makePublic makes a folder and those above it that are missing, open to all whatever the umask says.
func makePublic(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := makePublic(filepath.Dir(dir)); err != nil {
		return err
	}
	const open = 0o755 // for the user who runs postgres for root
	err := os.Mkdir(dir, open)
	if err == nil {
		err = os.Chmod(dir, open)
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("making the folder for Postgres: %w", err)
	}
	return nil
}
