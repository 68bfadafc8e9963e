package dbtest

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestSweep_RemovesOnlyFoldersWithoutOwner(t *testing.T) {
	parent := t.TempDir()
	folder := func(name string) *os.File {
		dir := filepath.Join(parent, folderPrefix+name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		owner, err := os.Create(filepath.Join(dir, ownerFile))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { owner.Close() })
		return owner
	}
	old := time.Now().Add(-2 * newborn)

	live := folder("live")
	if err := lock(live); err != nil {
		t.Fatal(err)
	}
	dead := folder("dead")
	folder("new")
	for _, file := range []*os.File{live, dead} {
		if err := os.Chtimes(file.Name(), old, old); err != nil {
			t.Fatal(err)
		}
	}

	sweep(parent)

	left, err := filepath.Glob(filepath.Join(parent, "*"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Join(parent, folderPrefix+"live"), filepath.Join(parent, folderPrefix+"new")}
	if len(left) != 2 || left[0] != want[0] || left[1] != want[1] {
		t.Errorf("left are %v, want %v", left, want)
	}
}
