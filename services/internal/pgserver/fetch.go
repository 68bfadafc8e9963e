package pgserver

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// The build that is fetched: zonky's relocatable Postgres, published on Maven Central.
// See https://github.com/zonkyio/embedded-postgres-binaries.
const (
	mavenCentral   = "https://repo1.maven.org/maven2"
	fetchedVersion = "18.4.0"
	fetchedMajor   = 18
)

// checksums are the SHA-256 of the archives, by platform. They are pinned, as these programs are run with the user's
// rights; the publisher's own checksum would come from the same place as the archive.
var checksums = map[string]string{
	"linux-amd64":        "401d4e69baba9072d3772607710df0d47b39a7632c6b01b2a5f5d85a9514e212",
	"linux-arm64v8":      "a9ec284923b9a7d2db41509bfb88c3d0eeb9f4aa5e2b29ea0aac5e8dbaf4c335",
	"linux-amd64-alpine": "fe42b1e2a60eb4c50f6859bf17e933fd87f6ad701a1e72ac54070a67acc58e14",
	"darwin-amd64":       "68381ed1488edd337345c6c4bc6ae0c823832a4dd7af8b04656ee5c218c291b5",
	"darwin-arm64v8":     "ab698c4486a795d2aa8a158b3a41e1201a77e7ff72a6255094cd5900080853c2",
}

// fetchTimeout bounds one download of some 15 MB, so that a silent network ends in an error.
const fetchTimeout = 5 * time.Minute

// maxArchive bounds what is read into memory, in bytes.
const maxArchive = 256 << 20

// platform names this machine as the publisher does.
func platform() string {
	name := runtime.GOOS + "-" + runtime.GOARCH
	if runtime.GOARCH == "arm64" {
		name += "v8"
	}
	if _, err := os.Stat("/etc/alpine-release"); err == nil {
		name += "-alpine" // built against musl
	}
	return name
}

// fetchPrograms returns the programs in the cache folder, which it fills first when they are missing. Several processes
// may do that at once: the folder of a version appears complete or not at all.
func fetchPrograms(ctx context.Context, cfg Config, who identity) (programs, error) {
	name := platform()
	sum, ok := checksums[name]
	if !ok {
		return programs{}, fmt.Errorf("there is no build of Postgres to fetch for %s", name)
	}
	cache, err := openCache(cfg, who)
	if err != nil {
		return programs{}, err
	}
	dir := filepath.Join(cache, fetchedVersion+"-"+name)
	bin := filepath.Join(dir, "bin")
	if _, err := os.Stat(filepath.Join(bin, "postgres")); err == nil {
		return inspect(ctx, bin, who)
	}
	artifact := "embedded-postgres-binaries-" + name
	address := fmt.Sprintf("%s/io/zonky/test/postgres/%s/%s/%s-%s.jar",
		strings.TrimRight(cfg.RepositoryURL, "/"), artifact, fetchedVersion, artifact, fetchedVersion)
	cfg.Logger.Info("fetching Postgres", "version", fetchedVersion, "from", address, "into", dir)
	archive, err := download(ctx, address)
	if err != nil {
		return programs{}, err
	}
	if got := sha256.Sum256(archive); hex.EncodeToString(got[:]) != sum {
		return programs{}, fmt.Errorf("%s is not the archive that was expected: its SHA-256 is %x", address, got)
	}
	if err := install(archive, dir); err != nil {
		return programs{}, fmt.Errorf("unpacking Postgres: %w", err)
	}
	return inspect(ctx, bin, who)
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
	err := os.Mkdir(dir, 0o755)
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("making the folder for Postgres: %w", err)
	}
	return nil
}

func download(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("fetching Postgres: %w", err)
	}
	client := &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetching Postgres: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetching Postgres: %s answered %s", address, response.Status)
	}
	archive, err := io.ReadAll(io.LimitReader(response.Body, maxArchive))
	if err != nil {
		return nil, fmt.Errorf("fetching Postgres: %w", err)
	}
	return archive, nil
}

// install unpacks the archive aside and moves it to dir. Another process that was faster wins.
func install(archive []byte, dir string) error {
	files, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return err
	}
	aside, err := os.MkdirTemp(filepath.Dir(dir), "unfinished-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(aside)
	if err := os.Chmod(aside, 0o755); err != nil {
		return err
	}
	for _, file := range files.File {
		if !strings.HasSuffix(file.Name, ".txz") {
			continue
		}
		if err := unpackFile(file, aside); err != nil {
			return err
		}
		if err := os.Rename(aside, dir); err != nil {
			if _, statErr := os.Stat(filepath.Join(dir, "bin", "postgres")); statErr == nil {
				return nil
			}
			return err
		}
		return nil
	}
	return fmt.Errorf("the archive holds no .txz file")
}
