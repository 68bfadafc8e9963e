//go:build unix && !linux

package pgserver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// endWithParent does nothing: this system has no such signal, so that a killed parent leaves an orphan for the next Start.
func endWithParent(*syscall.SysProcAttr) {}

// handOver leaves the path as it is, and says so when the user who runs postgres for root can't reach it.
func handOver(_ *exec.Cmd, dataDir string, who identity) (string, *os.File, error) {
	if !who.reaches(filepath.Dir(dataDir)) {
		return "", nil, fmt.Errorf("the user with id %d, who runs postgres for root, can't reach %s: "+
			"set ROLLCALL_DATA_DIR to a folder below ones that everybody may enter", who.uid, dataDir)
	}
	return dataDir, nil, nil
}

// rootCacheDir is where root keeps fetched programs: macOS' folder of caches for all users.
const rootCacheDir = "/Library/Caches/rollcall/postgres"

// haveNamespaces says that this system has no user namespaces.
const haveNamespaces = false

func enterNamespace(*syscall.SysProcAttr, identity) {}

// maySwitch is true: nothing limits root here.
func maySwitch(identity) bool { return true }
