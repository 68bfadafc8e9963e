package pgserver

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// endWithParent makes the kernel send postgres a fast shutdown when the thread that started it
// dies.
func endWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }

// handOver opens the data folder for the child, which then needs no permission on the parent
// folders. The caller closes the file after the start.
func handOver(cmd *exec.Cmd, dataDir string, _ identity) (string, *os.File, error) {
	dir, err := os.Open(dataDir)
	if err != nil {
		return "", nil, fmt.Errorf("open the data folder: %w", err)
	}
	cmd.ExtraFiles = append(cmd.ExtraFiles, dir)
	return fmt.Sprintf("/proc/self/fd/%d", 2+len(cmd.ExtraFiles)), dir, nil
}

// rootCacheDir is the folder of downloaded programs for root, by the Filesystem Hierarchy Standard, section 5.5.
const rootCacheDir = "/var/cache/rollcall/postgres"
