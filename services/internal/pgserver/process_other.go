//go:build unix && !linux

package pgserver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// endWithParent does nothing, because this system has no such signal. A killed parent leaves
// an orphan, which the next Start stops.
func endWithParent(*syscall.SysProcAttr) {}

// handOver returns the path unchanged, or an error if the user who runs postgres for root
// can't reach it.
func handOver(_ *exec.Cmd, dataDir string, who identity) (string, *os.File, error) {
	if !who.reaches(filepath.Dir(dataDir)) {
		return "", nil, fmt.Errorf("the user with id %d, who runs postgres for root, can't reach %s: "+
			"set ROLLCALL_DATA_DIR to a folder below ones that everybody may enter", who.uid, dataDir)
	}
	return dataDir, nil, nil
}

// rootCacheDir is the folder of downloaded programs for root: macOS' folder of caches for all users.
const rootCacheDir = "/Library/Caches/rollcall/postgres"

// haveNamespaces is false, because this system has no user namespaces.
const haveNamespaces = false

func enterNamespace(*syscall.SysProcAttr, identity) {}

// maySwitch returns true, because nothing limits root here.
func maySwitch(identity) bool { return true }
