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

// The version that is downloaded: a newer minor version than embeddedpostgres.V18.
const (
	fetchedVersion = "18.4.0"
	fetchedMajor   = 18
)

// fetchTimeout limits the download of about 15 MB, so that a network that does not answer
// leads to an error.
const fetchTimeout = 5 * time.Minute

var errFetchTimeout = fmt.Errorf("not done after %s", fetchTimeout)

// fetchPrograms returns the programs in the cache folder, and downloads them if they are
// missing. Several processes may do so at once: the folder of a version is complete or does
// not exist.
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
	cfg.Logger.Info("downloading Postgres", "version", fetchedVersion, "into", dir)
	removeAbandoned(cache)
	waiting, cancel := context.WithTimeoutCause(ctx, fetchTimeout, errFetchTimeout)
	defer cancel()
	fetched := make(chan error, 1)
	go func() { // the library has no contexts: a download that ends too late is used by the next start
		fetched <- fetch(cfg.RepositoryURL, dir)
	}()
	select {
	case err = <-fetched:
	case <-waiting.Done():
		err = context.Cause(waiting)
	}
	if err != nil {
		return programs{}, fmt.Errorf("download Postgres %s for %s: %w", fetchedVersion, platform(), err)
	}
	return inspect(ctx, bin, who)
}

// platform returns the name of the build that the library selects for this machine. Alpine
// has another C library.
func platform() string {
	name := runtime.GOOS + "-" + runtime.GOARCH
	if _, err := os.Stat("/etc/alpine-release"); err == nil {
		name += "-alpine"
	}
	return name
}

// fetch downloads the programs and moves them to dir, unless another process was faster. An
// empty repository means that of the library.
//
// The library can download programs only as a part of starting a server, and its server is
// not suitable: root can't start it, and it survives its parent. Therefore its Start gets
// arguments that make it fail after the unpacking: a cluster that consists of its version,
// for which it does not run initdb, and port 0, which postgres refuses. Start creates its
// runtime folder right after the unpacking, so that the folder distinguishes this failure
// from an incomplete unpacking.
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
	http.DefaultClient.CloseIdleConnections() // the client of the library
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

// openToAll allows everybody to read and run the files below dir, with any umask, because
// the user who runs postgres may not be the one who downloads it.
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
	asidePrefix = "unfinished-" // the prefix of the names of folders with incomplete downloads
	abandoned   = time.Hour     // the age from which the process of such a folder must have been killed
)

// removeAbandoned removes what killed processes left. It ignores errors.
func removeAbandoned(cache string) {
	folders, _ := filepath.Glob(filepath.Join(cache, asidePrefix+"*")) // the only error is a malformed pattern
	for _, dir := range folders {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > abandoned {
			os.RemoveAll(dir)
		}
	}
}

// openCache creates the folder for downloaded programs and returns it. If the user who runs
// postgres for root can't reach the configured one, it uses the one for all users.
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
		return "", fmt.Errorf("the user with id %d, who runs postgres for root, can reach neither %s nor %s: make one of them accessible to everybody",
			who.uid, cfg.CacheDir, rootCacheDir)
	}
	return rootCacheDir, nil
}

// makePublic creates a folder and its missing parents, accessible to all with any umask.
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
		return fmt.Errorf("create the folder for Postgres: %w", err)
	}
	return nil
}
