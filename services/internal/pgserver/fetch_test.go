package pgserver_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/pgserver"
)

// TestFetch_RealRepository downloads from the real repository into the cache of the user, which
// later runs use.
func TestFetch_RealRepository(t *testing.T) {
	if testing.Short() {
		t.Skip("NOT TESTED with -short, as unpacking takes half a minute under the race detector: fetching Postgres")
	}
	t.Parallel()
	cfg := config(t, filepath.Join(t.TempDir(), "db"))
	cfg.FetchOnly = true
	s, err := pgserver.Start(t.Context(), cfg)
	if err != nil && strings.Contains(err.Error(), "unable to connect") {
		t.Skipf("NOT TESTED, as the network is away: fetching Postgres: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	if got := query(t, s.URL("postgres"), "SHOW server_version_num"); !strings.HasPrefix(got, "18") || s.Version() != 18 {
		t.Errorf("version %s, Version() = %d; want 18", got, s.Version())
	}
	keep(t, s.URL("postgres"))
	stop(t, s)

	cfg.RepositoryURL = nowhere // from here on only the cache can be used
	again := start(t, cfg)
	kept(t, again.URL("postgres"))
}

// nowhere is a repository that does not answer.
const nowhere = "http://127.0.0.1:1"

// fetching returns the config of a server that downloads its programs from a repository into
// a folder of the test.
func fetching(t *testing.T, repository, cache string) pgserver.Config {
	t.Helper()
	cfg := config(t, filepath.Join(t.TempDir(), "db"))
	cfg.FetchOnly, cfg.RepositoryURL, cfg.CacheDir = true, repository, cache
	return cfg
}

// serveArchive serves a repository with testdata/programs.jar for every platform.
func serveArchive(t *testing.T, checksum func(archive []byte) string) (address string, downloads *atomic.Int32) {
	t.Helper()
	archive, err := os.ReadFile(filepath.Join("testdata", "programs.jar"))
	if err != nil {
		t.Fatal(err)
	}
	downloads = new(atomic.Int32)
	repository := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".sha256") {
			fmt.Fprint(w, checksum(archive))
			return
		}
		downloads.Add(1)
		_, _ = w.Write(archive) // the test notices a client that disconnects
	}))
	t.Cleanup(repository.Close)
	return repository.URL, downloads
}

func honest(archive []byte) string { return fmt.Sprintf("%x", sha256.Sum256(archive)) }

// fetched is the error of the programs in the archive if they were downloaded: their initdb
// runs and fails.
const fetched = "this initdb makes nothing"

// content lists the names in a folder.
func content(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestFetch_OnceAndOpenToAll(t *testing.T) {
	repository, downloads := serveArchive(t, honest)
	cache := filepath.Join(public(t), "not", "there", "yet")
	before := syscall.Umask(0o077) // of the process: no other test runs at the same time
	first := fails(t, fetching(t, repository, cache))
	syscall.Umask(before)
	if second := fails(t, fetching(t, repository, cache)); !strings.Contains(first, fetched) || !strings.Contains(second, fetched) {
		t.Errorf("errors are\n%q and\n%q, want %q", first, second, fetched)
	}
	if downloads.Load() != 1 {
		t.Errorf("%d downloads, want 1", downloads.Load())
	}
	if left := content(t, cache); len(left) != 1 || !strings.HasPrefix(left[0], "18.") {
		t.Errorf("the cache holds %v; want one folder", left)
	}
	want := map[string]fs.FileMode{"initdb": 0o755, "postgres": 0o755, "postgres.bki": 0o644, "libpq.so.5.18": 0o644}
	err := filepath.WalkDir(cache, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		mode, known := want[entry.Name()]
		if entry.IsDir() {
			mode, known = 0o755, true
		}
		if known && info.Mode().Perm() != mode {
			t.Errorf("%s: mode %v, want %v", path, info.Mode().Perm(), mode)
		}
		delete(want, entry.Name())
		return nil
	})
	if err != nil || len(want) > 0 {
		t.Errorf("not there: %v, %v", want, err)
	}
}

func TestFetch_Concurrent(t *testing.T) {
	repository, _ := serveArchive(t, honest)
	cache := public(t)
	var both sync.WaitGroup
	for range 2 {
		cfg := fetching(t, repository, cache)
		both.Go(func() {
			if _, err := pgserver.Start(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), fetched) {
				t.Errorf("error is %v, want %q", err, fetched)
			}
		})
	}
	both.Wait()
	if left := content(t, cache); len(left) != 1 {
		t.Errorf("the cache holds %v; want one folder", left)
	}
}

func TestFetch_Failures(t *testing.T) {
	t.Parallel()
	forged, _ := serveArchive(t, func([]byte) string { return "of something else" })
	empty := httptest.NewServer(http.NotFoundHandler())
	defer empty.Close()
	for _, c := range []struct{ name, repository, want string }{
		{"no network", nowhere, "unable to connect to " + nowhere},
		{"no build for this machine", empty.URL, "no version found matching 18."},
		{"forged", forged, "checksums do not match"},
	} {
		cache := public(t)
		text := fails(t, fetching(t, c.repository, cache))
		for _, want := range []string{"install PostgreSQL 14 or newer", "ROLLCALL_DATABASE_URL", c.want} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q does not mention %q", c.name, text, want)
			}
		}
		if left := content(t, cache); len(left) > 0 {
			t.Errorf("%s: the cache holds %v", c.name, left)
		}
	}
}

func TestFetch_RemovesAbandonedFolders(t *testing.T) {
	t.Parallel()
	cache := public(t)
	for name, age := range map[string]time.Duration{"unfinished-old": 2 * time.Hour, "unfinished-new": time.Minute} {
		dir, then := filepath.Join(cache, name), time.Now().Add(-age)
		if err := os.MkdirAll(filepath.Join(dir, "programs"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(dir, then, then); err != nil {
			t.Fatal(err)
		}
	}
	fails(t, fetching(t, nowhere, cache))
	if left := content(t, cache); len(left) != 1 || left[0] != "unfinished-new" {
		t.Errorf("the cache holds %v, want the folder of the download that may be running", left)
	}
}

// TestFetch_Cancelled cancels the download before the repository answers.
func TestFetch_Cancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	answer := make(chan struct{})
	repository := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		<-answer
		w.WriteHeader(http.StatusNotFound)
	}))
	defer repository.Close()
	cache := public(t)
	if _, err := pgserver.Start(ctx, fetching(t, repository.URL, cache)); !errors.Is(err, context.Canceled) {
		t.Errorf("Start: %v, want the error of the context", err)
	}
	close(answer)
	look, deadline := time.NewTicker(10*time.Millisecond), time.After(time.Minute)
	defer look.Stop()
	for len(content(t, cache)) > 0 {
		select {
		case <-look.C:
		case <-deadline:
			t.Fatalf("the cache still holds %v", content(t, cache))
		}
	}
}
